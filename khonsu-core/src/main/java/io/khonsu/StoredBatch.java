package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.FrozenBatch;
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
  /** Takes over a batch that so many versions will point into, and that may be spilled. */
  static StoredBatch consume(FrozenBatch batch, int versions, @Nullable Spiller spiller) {
    byte[] frame = BatchFrame.frameOfSmall(batch);
    if (frame == null) {
      return HeldBatch.consume(batch, versions, spiller);
    }
    return versions == 1
        ? new SmallBatch(batch.schema(), frame)
        : HeldBatch.consume(BatchFrame.small(batch.schema(), frame), versions, spiller);
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

  /**
   * {@return about how many bytes the version of one item takes, with the store's own objects; 0
   * once all are retired}
   */
  abstract long versionBytes();

  /** {@return whether at least half of the rows are no version's any more} */
  abstract boolean isSparse();

  /** A version has another in its place. Inside the commit section. */
  abstract void supersede(int index);

  /** A version has its place again. Inside the commit section. */
  abstract void reinstate(int index);

  /** {@return whether none of these versions has been superseded} */
  abstract boolean isIntact(int firstIndex, int count);

  /** One version less points here; {@return whether it was the last, and the batch is let go} */
  abstract boolean retireOne();

  /** Lets go of a batch that was never installed, or when the store closes. */
  abstract void discard();

  static AssertionError retiredTwice() {
    return new AssertionError("broken invariant: a version is retired once");
  }

  static void checkInside() {
    assert ViewState.Inside.isThis() : "who is not inside a view pins what it reads";
  }
}
