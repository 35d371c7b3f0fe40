package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.FrozenBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A batch that several versions point into, or that is large, and may leave memory. */
final class HeldBatch extends StoredBatch {
  private static final VarHandle LIVE;
  private static final VarHandle SUPERSEDED;
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      LIVE = lookup.findVarHandle(HeldBatch.class, "live", int.class);
      SUPERSEDED = lookup.findVarHandle(HeldBatch.class, "superseded", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long[] NO_BITS = {};

  /** What it takes on the heap beside its bytes, about: this, and what it points to. */
  private static final long OWN_BYTES = 96;

  /** The bytes, unless they have to be looked for. */
  private volatile @Nullable FrozenBatch batch;

  /** Null if the bytes stay where they are. */
  private final @Nullable Residence residence;

  /** How many versions pointed here at first. */
  private final int versions;

  /** Versions that point here and are not yet retired. */
  private volatile int live;

  /** How many versions a newer one has taken the place of. Written inside the commit section. */
  private int superseded;

  /** Which of them are superseded, by index; made when the first of several is. */
  private volatile long[] supersededBits = NO_BITS;

  private HeldBatch(FrozenBatch batch, int versions, @Nullable Spiller spiller) {
    this.batch = batch;
    this.versions = versions;
    this.live = versions;
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
  long versionBytes() {
    return live > 0 ? (OWN_BYTES + sizeBytes()) / Math.max(1, versions) : 0;
  }

  @Override
  boolean isSparse() {
    return rowCount() > 1 && 2L * live <= rowCount();
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
    SUPERSEDED.setRelease(this, superseded + 1);
  }

  @Override
  void reinstate(int index) {
    if (versions > 1) {
      long[] bits = supersededBits;
      WORD.setRelease(bits, index >> 6, bits[index >> 6] & ~(1L << index));
    }
    SUPERSEDED.setRelease(this, superseded - 1);
  }

  @Override
  boolean isIntact(int firstIndex, int count) {
    boolean areAll = (int) SUPERSEDED.getAcquire(this) == 0;
    if (versions == 1 || areAll) {
      return areAll;
    }
    long[] bits = supersededBits;
    for (int index = firstIndex; index < firstIndex + count; index++) {
      if (((long) WORD.getAcquire(bits, index >> 6) & (1L << index)) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Keeps this for one more, who sees it at an open snapshot, and will {@link #retireOne}. */
  void hold() {
    if ((int) LIVE.getAndAdd(this, 1) <= 0) {
      throw new AssertionError("broken invariant: what a snapshot sees is not retired");
    }
  }

  @Override
  boolean retireOne() {
    int before = (int) LIVE.getAndAdd(this, -1);
    if (before <= 0) {
      throw retiredTwice();
    }
    if (before == 1) {
      release();
    }
    return before == 1;
  }

  @Override
  void discard() {
    if ((int) LIVE.getAndSet(this, 0) > 0) {
      release();
    }
  }

  private void release() {
    if (residence != null) {
      residence.spiller.remove(this, residence);
    } else {
      inMemory().close();
    }
  }
}
