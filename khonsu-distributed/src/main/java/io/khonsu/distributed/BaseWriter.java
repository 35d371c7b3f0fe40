package io.khonsu.distributed;

import io.khonsu.StateScan;
import io.khonsu.distributed.Checkpoint.Base;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Writes a base, a part at a time, so that the event loop does other things in between, then adds
 * up what the commits take that it stands for. Event loop only; close it.
 */
final class BaseWriter implements AutoCloseable {
  /** So much is looked at in one step. */
  private static final long BYTES_PER_STEP = 256 << 10;

  private final Bases bases;
  private final AppliedCommits applied;
  private final KeyValueStore disk;
  private final StateScan scan;
  private final Base former;
  private final long generation;
  private long parts;
  private long sizeBytes;
  private boolean isWritten;
  private @Nullable CommitCursor commits;
  private long trimmedBytes;
  private boolean isDone;

  /**
   * Begins.
   *
   * @param scan taken over
   * @param former the base that counts until this is done
   */
  BaseWriter(Bases bases, AppliedCommits applied, KeyValueStore disk, StateScan scan, Base former) {
    this.bases = bases;
    this.applied = applied;
    this.disk = disk;
    this.scan = scan;
    this.former = former;
    this.generation = bases.begin();
  }

  /** {@return whether all is written, though not forced to the medium} */
  boolean isDone() {
    return isDone;
  }

  /** {@return the base, once it is done} */
  Base base() {
    return new Base(generation, scan.version(), sizeBytes);
  }

  /** {@return what the commits take that it stands for, once it is done} */
  long trimmedBytes() {
    return trimmedBytes;
  }

  /** Does a part of the work; {@return whether there was anything to do} */
  @SuppressWarnings("MustBeClosedChecker") // closed at the end of it, or with this
  boolean step() throws IOException {
    if (isDone) {
      return false;
    }
    if (!isWritten) {
      writePart();
      return true;
    }
    if (commits == null) {
      if (!applied.areOnDisk(scan.version())) {
        return false; // the next write takes them along
      }
      commits = applied.cursor(former.version(), scan.version());
    }
    countSome(commits);
    return true;
  }

  private void writePart() throws IOException {
    if (!scan.look()) {
      return; // goes on with the next step
    }
    CommittedTransaction part = scan.next();
    if (part == null) {
      isWritten = true;
      scan.close();
      return;
    }
    byte[] bytes = part.record().bytes();
    KeyValueBatch batch = new KeyValueBatch();
    bases.put(generation, parts, bytes, batch);
    disk.write(batch, Sync.WRITTEN);
    parts++;
    sizeBytes += AppliedCommits.sizeBytes(bytes.length);
  }

  private void countSome(CommitCursor cursor) throws IOException {
    long enough = trimmedBytes + BYTES_PER_STEP;
    while (trimmedBytes < enough) {
      if (!cursor.next()) {
        cursor.close();
        isDone = true;
        return;
      }
      trimmedBytes += AppliedCommits.sizeBytes(cursor.sizeBytes());
    }
  }

  @Override
  public void close() {
    scan.close();
    if (commits != null) {
      commits.close();
    }
  }
}
