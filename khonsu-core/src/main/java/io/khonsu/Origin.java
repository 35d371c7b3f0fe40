package io.khonsu;

import io.khonsu.mvcc.IsolationLevel;

/**
 * Where the committed state is that a store's transactions and snapshots read. Thread-safe.
 *
 * <p>Views that are opened here are added to those of the store.
 */
interface Origin {
  /** {@return a view that a transaction of this level can commit from} */
  ViewState begin(IsolationLevel level);

  /**
   * {@return a view of the newest commit that anybody was told of before this call, or that long
   * before it}
   */
  ViewState newest(long stalenessNanosMax);

  /** {@return a view of the newest commit that is known where this reads} */
  ViewState local();

  /**
   * {@return a view of the past}
   *
   * @throws SnapshotTooOldException if it is older than the retention allows
   * @throws IllegalArgumentException if it is newer than the newest commit
   */
  ViewState at(long version);

  /** {@return the items that are read in a view of this} */
  CommittedItems items(ViewState view);

  /** Refuses to go on with a transaction that has grown too old. */
  void checkAge(ViewState view);

  /** {@return where to wait for a change of what {@code request} has read} The caller closes it. */
  Parking park(ViewState view, io.khonsu.mvcc.ReadSet<StoredValue> reads, IsolationLevel level);

  /** {@return the version of the newest commit that can be seen} */
  long newestVersion();

  /** {@return the oldest version that {@link #at} takes now} */
  long oldestVersion();
}
