package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.TxnBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Copies rows of a table that lie in many small batches, or in batches that are garbage for the
 * most part, together into large ones in key order, a part at a time. The rows keep their versions;
 * this is no commit, is not logged, and keeps nobody waiting.
 *
 * <p>A failure leaves every row where it is, or where it has got to: both are the same rows.
 */
final class Compaction {
  private final TxnBuffer<StoredValue> buffer;
  private final Memory memory;
  private final CompactionCounts counts;
  private final Table table;
  private final int runRows;

  /** The keys that are still to be looked at, or null at the end. */
  private @Nullable KeyInterval rest;

  private int visited;

  /**
   * Begins at a table's first key.
   *
   * @param runRows rows stay where they lie in longer runs on average
   */
  Compaction(
      TxnBuffer<StoredValue> buffer,
      Memory memory,
      CompactionCounts counts,
      Table table,
      int runRows) {
    this.buffer = buffer;
    this.memory = memory;
    this.counts = counts;
    this.table = table;
    this.runRows = runRows;
    this.rest = table.isRowTable() ? table.allKeys() : null;
  }

  /** {@return whether the end of the table was reached} */
  boolean isDone() {
    return rest == null;
  }

  /** {@return how many rows the last step looked at one by one} */
  int visited() {
    return visited;
  }

  /**
   * Looks at the next rows, and moves what should be moved.
   *
   * @throws UnavailableException if there is no memory for the copies; try again later
   */
  void step() {
    KeyInterval interval = rest;
    if (interval == null) {
      return;
    }
    try (var snapshot = buffer.readOnlySnapshot()) {
      // A table that is not yet marked as dropped is purged after this snapshot only.
      if (table.isDropped()) {
        rest = null;
        return;
      }
      Fragments fragments = new Fragments(runRows, memory.batchBytesMax());
      Key next = buffer.scanForUpkeep(interval, snapshot, fragments);
      for (Stretch stretch : fragments.finish()) {
        move(stretch);
      }
      visited = fragments.visited();
      rest = next == null ? null : new KeyInterval(next, interval.to());
    }
  }

  private void move(Stretch stretch) {
    memory.makeRoom(stretch.sizeBytes());
    checkRoom(stretch);
    StoredBatch copy = copy(stretch);
    long sizeBytes = copy.sizeBytes();
    int moved = buffer.relocate(stretch.keys(), stretch.versions(), copy);
    counts.written(sizeBytes, moved);
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
  private StoredBatch copy(Stretch stretch) {
    try (Pins pins = new Pins()) {
      Gather rows = stretch.gather(table.batchSchema(), pins);
      FrozenBatch copy = ViewState.within(() -> rows.toBatch(memory.versions()));
      return memory.store(copy, stretch.rowCount());
    }
  }

  /**
   * Rows from the heap take at most half of the memory limit, so that enough is left for what needs
   * it. Others give back what they take, in the end.
   */
  private void checkRoom(Stretch stretch) {
    long copyBytes = stretch.sizeBytes();
    boolean isFromHeap = copyBytes > stretch.nativeBytes();
    long usedBytes = isFromHeap ? memory.usedBytes() : 0;
    if (usedBytes + copyBytes > memory.headroomBytes() - copyBytes) {
      throw new UnavailableException(
          "no room to compact %s: raise memoryLimitBytes".formatted(table), null);
    }
  }
}
