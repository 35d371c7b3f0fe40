package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.Version;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the stretches of a table whose rows should lie together and do not. Long runs of large
 * batches stay where they are, unless most of their batch is garbage; they divide what lies between
 * them into stretches. Moving a stretch makes it one run, so this comes to an end. Not thread-safe.
 */
final class Fragments implements ScanVisitor<StoredValue> {
  /** The most rows that are looked at, or found, before the scan rests. */
  static final int ROWS_MAX = 65_536;

  /** A run of so many rows is worth a batch of its own: a scan passes it on without a copy. */
  static final int LONG_RUN_ROWS = 1_024;

  static final long LONG_RUN_BYTES = 256L << 10;
  static final long STRETCH_BYTES_MAX = 4L << 20;

  private final int runRows;
  private final long stretchBytesMax;
  private final List<Stretch> found = new ArrayList<>();
  private Stretch stretch = new Stretch();
  private int visited;
  private int foundRows;

  /** The batch of the present run, the next row of it, and how many rows the run has so far. */
  private @Nullable StoredBatch batch;

  private int nextIndex;
  private int runLength;

  /** Whether the present run stays where it is. */
  private boolean stays;

  /**
   * Looks for stretches whose runs are shorter on average.
   *
   * @param runRows at most {@link #LONG_RUN_ROWS}
   * @param batchBytesMax a stretch becomes no larger, or little
   */
  Fragments(int runRows, long batchBytesMax) {
    this.runRows = runRows;
    this.stretchBytesMax = Math.min(STRETCH_BYTES_MAX, batchBytesMax);
  }

  /** {@return how many rows were looked at one by one} */
  int visited() {
    return visited;
  }

  /** {@return the stretches to move} */
  List<Stretch> finish() {
    close();
    return found;
  }

  @Override
  public void item(Key key, Version<StoredValue> version) {
    visited++;
    StoredBatch its = (StoredBatch) version.requireValue();
    if (its != batch || version.index() != nextIndex) {
      begin(its);
    }
    nextIndex = version.index() + 1;
    if (stays) {
      return;
    }
    runLength++;
    stretch.add(key, version, its);
    if (!its.isSparse() && isLong(runLength, its)) {
      stretch.dropRun(runLength, its);
      close();
      batch = its;
      stays = true;
    } else if (stretch.sizeBytes() >= stretchBytesMax) {
      close();
    }
  }

  @Override
  public boolean run(StoredValue value, int firstIndex, int count) {
    StoredBatch its = (StoredBatch) value;
    if (its.isSparse() || !isLong(its.rowCount(), its)) {
      return false;
    }
    close();
    batch = its;
    nextIndex = firstIndex + count;
    stays = true;
    return true;
  }

  @Override
  public boolean wantsMore() {
    return visited < ROWS_MAX && foundRows + stretch.rowCount() < ROWS_MAX;
  }

  private void begin(StoredBatch its) {
    batch = its;
    runLength = 0;
    stays = false;
    stretch.beginRun();
  }

  private static boolean isLong(int rows, StoredBatch batch) {
    return rows >= LONG_RUN_ROWS || rows * batch.rowBytes() >= LONG_RUN_BYTES;
  }

  private void close() {
    if (stretch.isWorthMoving(runRows)) {
      found.add(stretch);
      foundRows += stretch.rowCount();
    }
    stretch = new Stretch();
    batch = null;
  }
}
