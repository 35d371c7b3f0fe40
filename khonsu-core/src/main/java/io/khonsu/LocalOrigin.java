package io.khonsu;

import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.TxnBuffer;

/** A buffer in this process. Thread-safe. */
final class LocalOrigin implements Origin {
  private final StoreConfig config;
  private final TxnBuffer<StoredValue> buffer;
  private final OpenViews views;
  private final Committer committer;
  private final LocalItems items;

  LocalOrigin(
      StoreConfig config, TxnBuffer<StoredValue> buffer, OpenViews views, Committer committer) {
    this.config = config;
    this.buffer = buffer;
    this.views = views;
    this.committer = committer;
    this.items = new LocalItems(buffer);
  }

  @Override
  public ViewState begin(IsolationLevel level) {
    return views.add(buffer.snapshot());
  }

  @Override
  public ViewState newest(long stalenessNanosMax) {
    committer.awaitCurrent(stalenessNanosMax);
    return local();
  }

  @Override
  public ViewState local() {
    return views.add(buffer.safeSnapshot(committer::awaitHandledOrNever));
  }

  @Override
  public ViewState at(long version) {
    var snapshot = buffer.snapshotAt(version);
    if (snapshot == null) {
      throw new SnapshotTooOldException(version, buffer.oldestVersion());
    }
    return views.add(snapshot);
  }

  @Override
  public CommittedItems items(ViewState view) {
    return items;
  }

  /**
   * The age is that of the newest commit since the view was opened: as long as nobody commits it
   * keeps no history. The snapshot's version says nothing, as the last commit before may have been
   * long ago; but it may be ahead of a clock that was set back.
   */
  @Override
  public void checkAge(ViewState view) {
    long version = view.snapshot().version();
    long opened = Math.max(view.openedMillis(), HybridClock.millisOf(version));
    long age = HybridClock.millisOf(buffer.newestVersion()) - opened;
    if (age > config.transactionAgeMax().toMillis()) {
      throw new SnapshotTooOldException(version, buffer.oldestVersion());
    }
  }

  @Override
  @SuppressWarnings("MustBeClosedChecker") // the caller owns the parking, and it the registration
  public Parking park(ViewState view, ReadSet<StoredValue> reads, IsolationLevel level) {
    Parking parking = new Parking();
    try {
      parking.own(buffer.awaitChange(view.snapshot(), reads, parking)::close);
      committer.checkRunning(); // after registering: a failure from now on wakes it
      return parking;
    } catch (RuntimeException | Error e) {
      parking.close();
      throw e;
    }
  }

  @Override
  public long newestVersion() {
    return buffer.newestVersion();
  }

  @Override
  public long oldestVersion() {
    return buffer.oldestVersion();
  }
}
