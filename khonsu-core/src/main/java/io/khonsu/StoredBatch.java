package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.FrozenBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A committed batch, which versions point into: those of a row table each at one row, that of a
 * batch table at all of it.
 *
 * <p>It keeps its rows until its last version is retired, so whoever reads at an open snapshot may
 * use what that snapshot sees. Where the bytes are meanwhile is up to a {@link Spiller}, if the
 * store has one; so they are reached through {@link #batch} and {@link #pin} only.
 */
final class StoredBatch implements StoredValue {
  private static final VarHandle LIVE;
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long[] NO_BITS = {};

  static {
    try {
      LIVE = MethodHandles.lookup().findVarHandle(StoredBatch.class, "live", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The bytes, unless they have to be looked for. */
  private volatile @Nullable FrozenBatch batch;

  /** Null if the bytes stay where they are. */
  private final @Nullable Residence residence;

  /** How many versions pointed here at first. */
  private final int versions;

  /** Versions that point here and are not yet retired. */
  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private volatile int live;

  /** How many versions a newer one has taken the place of. Written inside the commit section. */
  private volatile int superseded;

  /** Which ones, by index; made when the first of several is superseded. */
  private volatile long[] supersededBits = NO_BITS;

  private StoredBatch(FrozenBatch batch, int versions, @Nullable Spiller spiller) {
    this.batch = batch;
    this.versions = versions;
    this.live = versions;
    this.residence = spiller != null && batch.isNative() ? new Residence(spiller, batch) : null;
  }

  /** Takes over a batch that so many versions will point into, and that may be spilled. */
  static StoredBatch consume(FrozenBatch batch, int versions, @Nullable Spiller spiller) {
    StoredBatch stored = new StoredBatch(batch, versions, spiller);
    if (stored.residence != null) {
      stored.residence.spiller.add(stored);
    }
    return stored;
  }

  /** {@return a batch that somebody else owns, among those that are committed} */
  static StoredBatch borrow(FrozenBatch batch) {
    return new StoredBatch(batch, 1, null);
  }

  /**
   * {@return the bytes, which stay valid until this thread leaves the view that it is inside}
   *
   * @throws StorageException if they are on disk and cannot be read
   */
  FrozenBatch batch() {
    assert ViewState.Inside.isThis() : "who is not inside a view pins what it reads";
    FrozenBatch found = batch;
    return found != null ? found : bringBack();
  }

  /**
   * {@return the bytes, which stay valid until the caller closes them; for any thread, as long as
   * this is not retired}
   *
   * @throws StorageException if they are on disk and cannot be read
   */
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

  int rowCount() {
    return residence != null ? residence.rowCount : inMemory().rowCount();
  }

  long sizeBytes() {
    return residence != null ? residence.sizeBytes : inMemory().sizeBytes();
  }

  /** {@return whether it is so large that it has, or had, memory outside the heap} */
  boolean isLarge() {
    return residence != null || inMemory().isNative();
  }

  private FrozenBatch inMemory() {
    return Objects.requireNonNull(batch);
  }

  /** {@return about how many bytes one row takes} */
  long rowBytes() {
    return Math.max(1, sizeBytes() / Math.max(1, rowCount()));
  }

  /** {@return about how many bytes the version of one item takes} */
  long versionBytes() {
    return live > 0 ? sizeBytes() / Math.max(1, versions) : 0;
  }

  /** {@return whether at least half of the rows are no version's any more} */
  boolean isSparse() {
    return rowCount() > 1 && 2L * live <= rowCount();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only inside the commit section
  void supersede(int index) {
    if (versions > 1) { // else how many says which
      if (supersededBits.length == 0) {
        supersededBits = new long[(rowCount() >> 6) + 1];
      }
      long[] bits = supersededBits;
      WORD.setRelease(bits, index >> 6, bits[index >> 6] | (1L << index));
    }
    superseded++;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only inside the commit section
  void reinstate(int index) {
    if (versions > 1) {
      long[] bits = supersededBits;
      WORD.setRelease(bits, index >> 6, bits[index >> 6] & ~(1L << index));
    }
    superseded--;
  }

  /** {@return whether none of these versions has been superseded} */
  boolean isIntact(int firstIndex, int count) {
    if (superseded == 0 || versions == 1) {
      return superseded == 0;
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

  /** One version less points here; {@return whether it was the last, and the batch is let go} */
  boolean retireOne() {
    int before = (int) LIVE.getAndAdd(this, -1);
    if (before <= 0) {
      throw new AssertionError("broken invariant: a version is retired once");
    }
    if (before == 1) {
      release();
    }
    return before == 1;
  }

  /** Lets go of a batch that was never installed, or when the store closes. */
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
