package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.Version;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Committed items, as snapshots see them. */
interface CommittedItems {
  /** What a scan is to bring. */
  enum Wanted {
    /** Keys and versions. */
    ITEMS,
    /** Keys; the versions have no values then. */
    KEYS
  }

  /** {@return a snapshot of the newest commit, for reading only; the caller must close it} */
  Snapshot<StoredValue> open();

  /** Says that these items will be asked for, so that they may come at once. */
  void expect(List<Key> keys, Snapshot<StoredValue> snapshot);

  /** {@return the version of an item that a snapshot sees, maybe a tombstone, or null} */
  @Nullable Version<StoredValue> get(Key key, Snapshot<StoredValue> snapshot);

  /** {@return as {@link #get}, and adds the item to what must be unchanged at commit} */
  @Nullable Version<StoredValue> read(
      Key key, Snapshot<StoredValue> snapshot, ReadSet<StoredValue> reads);

  /**
   * Visits the items of an interval that exist at a snapshot, in key order, each once; all of them,
   * or at least those that match a predicate.
   */
  void scan(
      KeyInterval interval,
      @Nullable RowPredicate predicate,
      Wanted wanted,
      Snapshot<StoredValue> snapshot,
      ScanVisitor<StoredValue> visitor);
}
