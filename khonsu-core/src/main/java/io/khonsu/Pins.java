package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import java.util.HashSet;
import java.util.Set;

/** Batches held in memory for a while, by who is not inside a view. Close it. Not thread-safe. */
final class Pins implements AutoCloseable {
  private final Set<FrozenBatch> held = new HashSet<>();
  private final RecentBatches recent = RecentBatches.pinning();

  /**
   * {@return the bytes of a batch, to be used until this is closed} Of those on the heap only the
   * last few are held, as they stay valid for who holds them.
   *
   * @throws StorageException if they are on disk and cannot be read
   */
  FrozenBatch add(StoredBatch batch) {
    FrozenBatch found = recent.bytesOf(batch);
    if (found.isNative() && held.add(found) && !found.tryRetain()) {
      throw new AssertionError("broken invariant: what is pinned is in memory");
    }
    return found;
  }

  @Override
  public void close() {
    recent.close();
    held.forEach(FrozenBatch::close);
    held.clear();
  }
}
