package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A small batch of one version, as single rows are: nothing but its frame on the heap. Stores have
 * very many, so what reads it is made when somebody reads.
 *
 * <p>What is replaced has seldom been looked at lately, and is not in the cache. So what is noted
 * here takes no volatile or locked operation, which would keep all that follows waiting, and the
 * size is not asked of the frame.
 */
final class SmallBatch extends StoredBatch {
  private static final VarHandle SUPERSEDED;

  static {
    try {
      SUPERSEDED =
          MethodHandles.lookup().findVarHandle(SmallBatch.class, "superseded", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** What it takes beside its frame: this, and the head of an array. */
  private static final long OWN_BYTES = 40;

  private final BatchSchema schema;
  private final byte[] frame;
  private final int frameBytes;

  /** Whether a newer version has the place of the only one. Written inside the commit section. */
  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private boolean superseded;

  /**
   * Whether the only version is. There is nothing to release, so it need not be seen at once, and
   * that it is retired twice is noticed as a rule only.
   */
  private boolean retired;

  /** Takes over the frame of a small batch. */
  SmallBatch(BatchSchema schema, byte[] frame) {
    this.schema = schema;
    this.frame = frame;
    this.frameBytes = frame.length;
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
    return frameBytes;
  }

  @Override
  boolean isLarge() {
    return false;
  }

  @Override
  long versionBytes() {
    return retired ? 0 : OWN_BYTES + frameBytes;
  }

  @Override
  boolean isSparse() {
    return rowCount() > 1; // as the version is of one row, or of no row table
  }

  @Override
  void supersede(int index) {
    SUPERSEDED.setRelease(this, true);
  }

  @Override
  void reinstate(int index) {
    SUPERSEDED.setRelease(this, false);
  }

  @Override
  boolean isIntact(int firstIndex, int count) {
    return !(boolean) SUPERSEDED.getAcquire(this);
  }

  @Override
  boolean retireOne() {
    if (retired) {
      throw retiredTwice();
    }
    retired = true;
    return true;
  }

  @Override
  void discard() {
    retired = true;
  }
}
