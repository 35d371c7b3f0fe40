package io.khonsu;

import io.khonsu.mvcc.ValueLifecycle;

/** Tells committed batches what becomes of the versions that point into them. */
final class StoredLifecycle implements ValueLifecycle<StoredValue> {
  private final CompactionCounts counts;

  /** Creates a lifecycle that notes there what compaction frees. */
  StoredLifecycle(CompactionCounts counts) {
    this.counts = counts;
  }

  @Override
  public void superseded(StoredValue value, int index) {
    if (value instanceof StoredBatch batch) {
      batch.supersede(index);
    }
  }

  @Override
  public void reinstated(StoredValue value, int index) {
    if (value instanceof StoredBatch batch) {
      batch.reinstate(index);
    }
  }

  @Override
  public boolean isIntact(StoredValue value, int firstIndex, int count) {
    return value instanceof StoredBatch batch && batch.isIntact(firstIndex, count);
  }

  @Override
  public long sizeBytes(StoredValue value, int index) {
    return value instanceof StoredBatch batch ? batch.versionBytes() : 0;
  }

  @Override
  public void retired(StoredValue value, int index) {
    if (value instanceof StoredBatch batch) {
      var _ = batch.retireOne();
    }
  }

  @Override
  public void vacated(StoredValue value, int index) {
    if (value instanceof StoredBatch batch) {
      long sizeBytes = batch.sizeBytes();
      if (batch.retireOne()) {
        counts.freed(sizeBytes);
      }
    }
  }

  @Override
  public void discarded(StoredValue value) {
    if (value instanceof StoredBatch batch) {
      batch.discard();
    }
  }
}
