package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The items of a buffer in this process. Thread-safe. */
record LocalItems(TxnBuffer<StoredValue> buffer) implements CommittedItems {
  @Override
  public Snapshot<StoredValue> open() {
    return buffer.readOnlySnapshot();
  }

  @Override
  public void expect(List<Key> keys, Snapshot<StoredValue> snapshot) {} // they are at hand

  @Override
  public @Nullable Version<StoredValue> get(Key key, Snapshot<StoredValue> snapshot) {
    return buffer.get(key, snapshot);
  }

  @Override
  public @Nullable Version<StoredValue> read(
      Key key, Snapshot<StoredValue> snapshot, ReadSet<StoredValue> reads) {
    return buffer.read(key, snapshot, reads);
  }

  @Override
  public void scan(
      KeyInterval interval,
      @Nullable RowPredicate predicate,
      Wanted wanted,
      Snapshot<StoredValue> snapshot,
      ScanVisitor<StoredValue> visitor) {
    buffer.scan(interval, snapshot, visitor);
  }
}
