package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A committed batch, which versions point into: those of a row table each at one row, that of a
 * batch table at all of it.
 *
 * <p>It owns a reference to its batch until its last version is retired, so whoever reads at an
 * open snapshot may use what that snapshot sees.
 */
final class StoredBatch implements StoredValue {
  private static final VarHandle LIVE;
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

  static {
    try {
      LIVE = MethodHandles.lookup().findVarHandle(StoredBatch.class, "live", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final FrozenBatch batch;

  /** How many versions pointed here at first. */
  private final int versions;

  /** Versions that point here and are not yet retired. */
  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private volatile int live;

  /** How many versions a newer one has taken the place of. Written inside the commit section. */
  private volatile int superseded;

  /** Which ones, by index; made when the first is superseded. */
  private volatile long[] supersededBits = {};

  private StoredBatch(FrozenBatch batch, int versions) {
    this.batch = batch;
    this.versions = versions;
    this.live = versions;
  }

  /** Takes over a batch that so many versions will point into. */
  static StoredBatch consume(FrozenBatch batch, int versions) {
    return new StoredBatch(batch, versions);
  }

  FrozenBatch batch() {
    return batch;
  }

  int rowCount() {
    return batch.rowCount();
  }

  /** {@return about how many bytes one row takes} */
  long rowBytes() {
    return Math.max(1, batch.sizeBytes() / Math.max(1, rowCount()));
  }

  /** {@return about how many bytes the version of one item takes} */
  long versionBytes() {
    return batch.isLive() ? batch.sizeBytes() / Math.max(1, versions) : 0;
  }

  /** {@return whether at least half of the rows are no version's any more} */
  boolean isSparse() {
    return rowCount() > 1 && 2L * live <= rowCount();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only inside the commit section
  void supersede(int index) {
    if (supersededBits.length == 0) {
      supersededBits = new long[(rowCount() >> 6) + 1];
    }
    long[] bits = supersededBits;
    WORD.setRelease(bits, index >> 6, bits[index >> 6] | (1L << index));
    superseded++;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only inside the commit section
  void reinstate(int index) {
    long[] bits = supersededBits;
    WORD.setRelease(bits, index >> 6, bits[index >> 6] & ~(1L << index));
    superseded--;
  }

  /** {@return whether none of these versions has been superseded} */
  boolean isIntact(int firstIndex, int count) {
    if (superseded == 0) {
      return true;
    }
    long[] bits = supersededBits;
    for (int index = firstIndex; index < firstIndex + count; index++) {
      if (((long) WORD.getAcquire(bits, index >> 6) & (1L << index)) != 0) {
        return false;
      }
    }
    return true;
  }

  /** One version less points here; {@return whether it was the last, and the batch is let go} */
  boolean retireOne() {
    int before = (int) LIVE.getAndAdd(this, -1);
    if (before <= 0) {
      throw new AssertionError("broken invariant: a version is retired once");
    }
    if (before == 1) {
      batch.close();
    }
    return before == 1;
  }

  /** Lets go of a batch that was never installed, or when the store closes. */
  void discard() {
    if ((int) LIVE.getAndSet(this, 0) > 0) {
      batch.close();
    }
  }
}
