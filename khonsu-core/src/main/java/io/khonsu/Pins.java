package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import java.util.HashMap;
import java.util.Map;

/** Batches held in memory for a while, by who is not inside a view. Close it. Not thread-safe. */
final class Pins implements AutoCloseable {
  private final Map<StoredBatch, FrozenBatch> held = new HashMap<>();

  /**
   * {@return the bytes of a batch, to be used until this is closed}
   *
   * @throws StorageException if they are on disk and cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with this
  FrozenBatch add(StoredBatch batch) {
    return held.computeIfAbsent(batch, StoredBatch::pin);
  }

  @Override
  public void close() {
    held.values().forEach(FrozenBatch::close);
    held.clear();
  }
}
