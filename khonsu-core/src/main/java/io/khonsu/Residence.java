package io.khonsu;

import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a large committed batch wherever its bytes are, and where they are when they are
 * not in sight. Fields that change are guarded by the lock of its {@link Spiller}.
 */
final class Residence {
  final Spiller spiller;
  final BatchSchema schema;
  final int rowCount;
  final long sizeBytes;

  /** By which its frame is found on disk, or 0 as long as it was not written. */
  long id;

  /** The batch that is out of sight and still in memory. */
  @Nullable FrozenBatch cooling;

  /** After which nobody uses that any more; null if it is not cooling. */
  @Nullable Grace grace;

  /** What was read from disk last, for as long as anybody uses it. */
  @Nullable WeakReference<FrozenBatch> lent;

  /** Whether its last version was retired. */
  boolean gone;

  Residence(Spiller spiller, FrozenBatch batch) {
    this.spiller = spiller;
    this.schema = batch.schema();
    this.rowCount = batch.rowCount();
    this.sizeBytes = batch.sizeBytes();
  }
}
