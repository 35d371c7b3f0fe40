package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;

/**
 * A small batch of one version, as single rows are: nothing but its frame on the heap. Stores have
 * very many, so what reads it is made when somebody reads.
 */
final class SmallBatch extends StoredBatch {
  /** What it takes beside its frame: this, and the head of an array. */
  private static final long OWN_BYTES = 40;

  private final BatchSchema schema;
  private final byte[] frame;

  /** Takes over the frame of a small batch. */
  SmallBatch(BatchSchema schema, byte[] frame) {
    super(1);
    this.schema = schema;
    this.frame = frame;
  }

  @Override
  FrozenBatch batch() {
    checkInside();
    return BatchFrame.small(schema, frame);
  }

  @Override
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // it is on the heap
  FrozenBatch pin() {
    return BatchFrame.small(schema, frame);
  }

  @Override
  int rowCount() {
    return BatchFrame.rowCount(frame);
  }

  @Override
  long sizeBytes() {
    return frame.length;
  }

  @Override
  boolean isLarge() {
    return false;
  }

  @Override
  long versionBytesOfLive() {
    return OWN_BYTES + frame.length;
  }

  @Override
  void release() {} // the heap's collector does
}
