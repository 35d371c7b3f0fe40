package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.FrozenBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A batch that several versions point into, or that is large, and may leave memory. */
final class HeldBatch extends StoredBatch {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long[] NO_BITS = {};

  /** What it takes on the heap beside its bytes, about: this, and what it points to. */
  private static final long OWN_BYTES = 96;

  /** The bytes, unless they have to be looked for. */
  private volatile @Nullable FrozenBatch batch;

  /** Null if the bytes stay where they are. */
  private final @Nullable Residence residence;

  /** How many versions pointed here at first. */
  private final int versions;

  /** Which of them are superseded, by index; made when the first of several is. */
  private volatile long[] supersededBits = NO_BITS;

  private HeldBatch(FrozenBatch batch, int versions, @Nullable Spiller spiller) {
    super(versions);
    this.batch = batch;
    this.versions = versions;
    this.residence = spiller != null && batch.isNative() ? new Residence(spiller, batch) : null;
  }

  /** Takes over a batch that so many versions will point into, and that may be spilled. */
  static HeldBatch consume(FrozenBatch batch, int versions, @Nullable Spiller spiller) {
    HeldBatch held = new HeldBatch(batch, versions, spiller);
    if (held.residence != null) {
      held.residence.spiller.add(held);
    }
    return held;
  }

  @Override
  FrozenBatch batch() {
    checkInside();
    FrozenBatch found = batch;
    return found != null ? found : bringBack();
  }

  @Override
  @MustBeClosed
  FrozenBatch pin() {
    while (true) {
      FrozenBatch found = batch;
      FrozenBatch pinned = found != null ? found : bringBack();
      if (pinned.tryRetain()) {
        return pinned;
      }
      if (residence == null) {
        throw new IllegalStateException("the batch was released");
      }
      // It has left memory since it was looked at.
    }
  }

  private FrozenBatch bringBack() {
    Residence at = requireResidence();
    return at.spiller.bringBack(this, at);
  }

  Residence requireResidence() {
    if (residence == null) {
      throw new AssertionError("broken invariant: only a batch with a residence leaves it");
    }
    return residence;
  }

  /** {@return the bytes if they are in sight} For the spiller, as are the next two. */
  @Nullable FrozenBatch inSight() {
    return batch;
  }

  void putInSight(FrozenBatch found) {
    batch = found;
  }

  void putOutOfSight() {
    batch = null;
  }

  @Override
  int rowCount() {
    return residence != null ? residence.rowCount : inMemory().rowCount();
  }

  @Override
  long sizeBytes() {
    return residence != null ? residence.sizeBytes : inMemory().sizeBytes();
  }

  @Override
  boolean isLarge() {
    return residence != null || inMemory().isNative();
  }

  private FrozenBatch inMemory() {
    return Objects.requireNonNull(batch);
  }

  @Override
  long versionBytesOfLive() {
    return (OWN_BYTES + sizeBytes()) / Math.max(1, versions);
  }

  @Override
  void supersede(int index) {
    if (versions > 1) { // else how many says which
      if (supersededBits.length == 0) {
        supersededBits = new long[(rowCount() >> 6) + 1];
      }
      long[] bits = supersededBits;
      WORD.setRelease(bits, index >> 6, bits[index >> 6] | (1L << index));
    }
    super.supersede(index);
  }

  @Override
  void reinstate(int index) {
    if (versions > 1) {
      long[] bits = supersededBits;
      WORD.setRelease(bits, index >> 6, bits[index >> 6] & ~(1L << index));
    }
    super.reinstate(index);
  }

  @Override
  boolean isIntact(int firstIndex, int count) {
    if (versions == 1 || super.isIntact(firstIndex, count)) {
      return super.isIntact(firstIndex, count);
    }
    long[] bits = supersededBits;
    for (int index = firstIndex; index < firstIndex + count; index++) {
      if (((long) WORD.getAcquire(bits, index >> 6) & (1L << index)) != 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  void release() {
    if (residence != null) {
      residence.spiller.remove(this, residence);
    } else {
      inMemory().close();
    }
  }
}
