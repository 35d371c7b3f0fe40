package io.khonsu;

import io.khonsu.mvcc.ValueLifecycle;

/** Tells committed batches what becomes of the versions that point into them. */
enum StoredLifecycle implements ValueLifecycle<StoredValue> {
  INSTANCE;

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
  public void retired(StoredValue value, int index) {
    if (value instanceof StoredBatch batch) {
      batch.retireOne();
    }
  }

  @Override
  public void discarded(StoredValue value) {
    if (value instanceof StoredBatch batch) {
      batch.discard();
    }
  }
}
