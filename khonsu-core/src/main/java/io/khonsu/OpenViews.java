package io.khonsu;

import java.lang.ref.Cleaner;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open transactions and snapshots of a store. Thread-safe. */
final class OpenViews {
  private static final Logger LOG = LoggerFactory.getLogger(OpenViews.class);
  private static final Cleaner CLEANER = Cleaner.create();

  private final InstantSource clock;
  private final Set<ViewState> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  OpenViews(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * Adds a view.
   *
   * @throws StoreClosedException if the store was closed; the view is released
   */
  ViewState add(io.khonsu.mvcc.Snapshot<StoredValue> snapshot) {
    return add(new ViewState(snapshot, this, millis()));
  }

  /** Adds a view, as {@link #add(io.khonsu.mvcc.Snapshot)}. */
  ViewState add(ViewState state) {
    open.add(state);
    if (closed) {
      state.cutOff();
      throw new StoreClosedException();
    }
    return state;
  }

  /** {@return the time of the store's clock, in milliseconds since the epoch} */
  long millis() {
    return clock.millis();
  }

  /** Releases the view when its user loses {@code handle} without closing it. */
  void watch(Object handle, ViewState state) {
    var _ = CLEANER.register(handle, state);
  }

  void remove(ViewState state) {
    open.remove(state);
  }

  int count() {
    return open.size();
  }

  /** {@return the wait for those who are inside a view now} */
  Grace grace() {
    return new Grace(open);
  }

  boolean isClosed() {
    return closed;
  }

  void checkOpen() {
    if (closed) {
      throw new StoreClosedException();
    }
  }

  /** Lets nobody in any more, and ends who is; {@return false if it was closed before} */
  synchronized boolean close() {
    if (closed) {
      return false;
    }
    closed = true;
    open.forEach(ViewState::cutOff);
    return true;
  }

  void reportAbandoned(long version) {
    LOG.atWarn()
        .addKeyValue("version", version)
        .log("a transaction or snapshot was never closed; use try-with-resources");
  }
}
