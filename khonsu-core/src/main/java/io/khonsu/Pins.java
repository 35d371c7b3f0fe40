package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import java.util.ArrayList;
import java.util.List;

/** Batches held in memory for a while, by who is not inside a view. Close it. Not thread-safe. */
final class Pins implements AutoCloseable {
  private final List<FrozenBatch> held = new ArrayList<>();

  /** {@return the bytes of a batch, to be used until this is closed} */
  @SuppressWarnings("MustBeClosedChecker") // closed with this
  FrozenBatch add(StoredBatch batch) {
    FrozenBatch pinned = batch.pin();
    if (pinned.isNative()) {
      held.add(pinned);
    }
    return pinned;
  }

  @Override
  public void close() {
    held.forEach(FrozenBatch::close);
    held.clear();
  }
}
