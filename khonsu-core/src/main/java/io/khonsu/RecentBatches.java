package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import org.jspecify.annotations.Nullable;

/**
 * The batches that one operation has used last, so that each is looked for once while its rows are
 * read one after the other, also where rows of a few batches take turns. Not thread-safe.
 */
final class RecentBatches implements AutoCloseable {
  private static final int COUNT = 4;

  /** So much of the heap those that are not used any more may take. */
  private static final long HEAP_BYTES_MAX =
      Math.min(8L << 20, Runtime.getRuntime().maxMemory() / 64);

  private final boolean isInsideView;
  private final @Nullable StoredBatch[] batches = new StoredBatch[COUNT];
  private final @Nullable FrozenBatch[] bytes = new FrozenBatch[COUNT];
  private int next;
  private long heapBytes;

  private RecentBatches(boolean isInsideView) {
    this.isInsideView = isInsideView;
  }

  /**
   * {@return those of an operation inside a view, which must not outlive it; closing is needless}
   */
  static RecentBatches insideView() {
    return new RecentBatches(true);
  }

  /** {@return those of an operation outside of views, which are held until they are closed} */
  static RecentBatches pinning() {
    return new RecentBatches(false);
  }

  /**
   * {@return the bytes of a batch, to be used until the next call}
   *
   * @throws StorageException if they are on disk and cannot be read
   */
  @SuppressWarnings("ReferenceEquality") // the same batch, not an equal one
  FrozenBatch bytesOf(StoredBatch batch) {
    for (int i = 0; i < COUNT; i++) {
      FrozenBatch found = bytes[i];
      if (batches[i] == batch && found != null) {
        return found;
      }
    }
    return lookFor(batch);
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with this, or when it is not recent any more
  private FrozenBatch lookFor(StoredBatch batch) {
    if (heapBytes + batch.sizeBytes() > HEAP_BYTES_MAX) {
      close(); // before the next one is read
    }
    forget(next);
    FrozenBatch found = isInsideView ? batch.batch() : batch.pin();
    batches[next] = batch;
    bytes[next] = found;
    heapBytes += heapBytesOf(found);
    next = (next + 1) % COUNT;
    return found;
  }

  private void forget(int place) {
    FrozenBatch former = bytes[place];
    bytes[place] = null;
    batches[place] = null;
    if (former != null) {
      heapBytes -= heapBytesOf(former);
      if (!isInsideView) {
        former.close();
      }
    }
  }

  private static long heapBytesOf(FrozenBatch batch) {
    return batch.isNative() ? 0 : batch.sizeBytes();
  }

  /** Forgets all. */
  @Override
  public void close() {
    for (int i = 0; i < COUNT; i++) {
      forget(i);
    }
  }
}
