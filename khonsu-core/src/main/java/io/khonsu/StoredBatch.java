package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.FrozenBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A committed batch, which versions point into: those of a row table each at one row, that of a
 * batch table at all of it.
 *
 * <p>It keeps its rows until its last version is retired, so whoever reads at an open snapshot may
 * use what that snapshot sees. Where the bytes are meanwhile is up to a {@link Spiller}, if the
 * store has one; so they are reached through {@link #batch} and {@link #pin} only.
 */
abstract sealed class StoredBatch implements StoredValue permits SmallBatch, HeldBatch {
  private static final VarHandle LIVE;

  static {
    try {
      LIVE = MethodHandles.lookup().findVarHandle(StoredBatch.class, "live", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Versions that point here and are not yet retired. */
  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private volatile int live;

  /** How many versions a newer one has taken the place of. Written inside the commit section. */
  private volatile int superseded;

  StoredBatch(int versions) {
    this.live = versions;
  }

  /** Takes over a batch that so many versions will point into, and that may be spilled. */
  static StoredBatch consume(FrozenBatch batch, int versions, @Nullable Spiller spiller) {
    byte[] frame = versions == 1 ? BatchFrame.frameOfSmall(batch) : null;
    return frame == null
        ? HeldBatch.consume(batch, versions, spiller)
        : new SmallBatch(batch.schema(), frame);
  }

  /** {@return a batch that somebody else owns, among those that are committed} */
  static StoredBatch borrow(FrozenBatch batch) {
    return consume(batch, 1, null);
  }

  /**
   * {@return the bytes, which stay valid until this thread leaves the view that it is inside}
   *
   * @throws StorageException if they are on disk and cannot be read
   */
  abstract FrozenBatch batch();

  /**
   * {@return the bytes, which stay valid until the caller closes them; for any thread, as long as
   * this is not retired}
   *
   * @throws StorageException if they are on disk and cannot be read
   */
  @MustBeClosed
  abstract FrozenBatch pin();

  abstract int rowCount();

  abstract long sizeBytes();

  /** {@return whether it is so large that it has, or had, memory outside the heap} */
  abstract boolean isLarge();

  /** {@return about how many bytes one row takes} */
  final long rowBytes() {
    return Math.max(1, sizeBytes() / Math.max(1, rowCount()));
  }

  /** {@return about how many bytes the version of one item takes, with the store's own objects} */
  final long versionBytes() {
    return live > 0 ? versionBytesOfLive() : 0;
  }

  abstract long versionBytesOfLive();

  /** {@return whether at least half of the rows are no version's any more} */
  final boolean isSparse() {
    return rowCount() > 1 && 2L * live <= rowCount();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only inside the commit section
  void supersede(int index) {
    superseded++;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only inside the commit section
  void reinstate(int index) {
    superseded--;
  }

  /** {@return whether none of these versions has been superseded} */
  boolean isIntact(int firstIndex, int count) {
    return superseded == 0;
  }

  /** Keeps this for one more, who sees it at an open snapshot, and will {@link #retireOne}. */
  final void hold() {
    if ((int) LIVE.getAndAdd(this, 1) <= 0) {
      throw new AssertionError("broken invariant: what a snapshot sees is not retired");
    }
  }

  /** One version less points here; {@return whether it was the last, and the batch is let go} */
  final boolean retireOne() {
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
  final void discard() {
    if ((int) LIVE.getAndSet(this, 0) > 0) {
      release();
    }
  }

  /** Lets the bytes go. */
  abstract void release();

  static void checkInside() {
    assert ViewState.Inside.isThis() : "who is not inside a view pins what it reads";
  }
}
