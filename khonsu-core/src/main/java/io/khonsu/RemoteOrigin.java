package io.khonsu;

import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.WriteSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * The state of a cluster, read at whichever node answers. Nothing is held there: a version can be
 * read as long as the nodes keep it. Thread-safe.
 */
final class RemoteOrigin implements Origin {
  /** So many calls of a client wait at a node at a time: others have their share. */
  private static final int WAITERS_MAX = 16;

  private static final long POLL_NANOS = 50_000_000;

  /** No version. */
  private static final long UNKNOWN = -1;

  private final Semaphore waiters = new Semaphore(WAITERS_MAX);
  private final RemoteLink link;
  private final Catalog catalog;
  private final Memory memory;
  private final OpenViews views;

  RemoteOrigin(RemoteLink link, Catalog catalog, Memory memory, OpenViews views) {
    this.link = link;
    this.catalog = catalog;
    this.memory = memory;
    this.views = views;
  }

  @Override
  public ViewState begin(IsolationLevel level) {
    // Under SERIALIZABLE it does not matter when a transaction began, only when it read.
    return level == IsolationLevel.SERIALIZABLE ? views.add(new RemoteView(views, link)) : local();
  }

  @Override
  public ViewState newest(long stalenessNanosMax) {
    return views.add(io.khonsu.mvcc.Snapshot.elsewhere(link.versions(stalenessNanosMax).newest()));
  }

  @Override
  public ViewState local() {
    return views.add(
        io.khonsu.mvcc.Snapshot.elsewhere(
            link.versions(RemoteQuestion.Newest.KNOWN_THERE).newest()));
  }

  @Override
  public ViewState at(long version) {
    RemoteAnswer.Versions there = link.versions(RemoteQuestion.Newest.KNOWN_THERE);
    if (version > there.newest()) {
      there = link.versions(0);
    }
    if (version > there.newest()) {
      throw new IllegalArgumentException(
          "version %d is newer than the newest commit, %d".formatted(version, there.newest()));
    }
    if (version < there.oldest()) {
      throw new SnapshotTooOldException(version, there.oldest());
    }
    return views.add(io.khonsu.mvcc.Snapshot.elsewhere(version));
  }

  @Override
  public CommittedItems items(ViewState view) {
    return new RemoteItems(link, catalog, memory, view);
  }

  @Override
  public void checkAge(ViewState view) {} // the nodes do, as they keep what is read

  @Override
  public Parking park(ViewState view, ReadSet<StoredValue> reads, IsolationLevel level) {
    var snapshot = view.snapshot();
    byte[] request =
        EncodedRequest.of(
                new CommitRequest<>(
                    0, IsolationLevel.SERIALIZABLE, snapshot, reads, new WriteSet<>()),
                Map.of(),
                List.of())
            .encode();
    Parking parking = new Parking();
    Thread watcher =
        Thread.ofVirtual()
            .name("khonsu-retry")
            .start(() -> awaitChange(snapshot.version(), request, parking));
    parking.own(watcher::interrupt);
    return parking;
  }

  /** Waits for a change, if not too many do so already; {@return the newest version} */
  private long newest(byte[] request) {
    boolean mayWait = waiters.tryAcquire();
    try {
      var question =
          new RemoteQuestion.Changed(request, mayWait ? RemoteQuestion.WAIT_MILLIS_MAX : 0);
      return link.read(question) instanceof RemoteAnswer.Versions(long newest, long _)
          ? newest
          : UNKNOWN;
    } finally {
      if (mayWait) {
        waiters.release();
      }
    }
  }

  /** Wakes who waits when something has changed, or when nobody can tell. */
  private void awaitChange(long version, byte[] request, Parking parking) {
    try {
      while (!Thread.currentThread().isInterrupted() && version == newest(request)) {
        LockSupport.parkNanos(POLL_NANOS); // a node that many wait at answers at once
      }
    } catch (StoreException _) {
      // The run that is woken meets it itself.
    } finally {
      parking.run();
    }
  }

  @Override
  public long newestVersion() {
    return link.versions(RemoteQuestion.Newest.KNOWN_THERE).newest();
  }

  @Override
  public long oldestVersion() {
    return link.versions(RemoteQuestion.Newest.KNOWN_THERE).oldest();
  }
}
