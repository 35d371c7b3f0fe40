package io.khonsu;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** The watches of a store. Thread-safe. */
final class Watches {
  /** Each is looked at while history is collected. */
  static final int COUNT_MAX = 1_024;

  private final Set<ChangeFeed> open = new HashSet<>();
  private boolean closed;

  /** Takes a feed in, or closes it. */
  ChangeFeed add(ChangeFeed feed) {
    try {
      addOpen(feed);
      return feed;
    } catch (RuntimeException e) {
      feed.close();
      throw e;
    }
  }

  private synchronized void addOpen(ChangeFeed feed) {
    if (closed) {
      throw new StoreClosedException();
    }
    if (open.size() == COUNT_MAX) {
      throw new IllegalStateException(
          "there are %d watches, no more are allowed: close one".formatted(COUNT_MAX));
    }
    open.add(feed);
    feed.whenClosed(() -> remove(feed));
  }

  Watch start(ChangeFeed feed, ChangeListener listener) {
    if (listener == null) {
      feed.close();
    }
    Watch watch = new Watch(add(feed), Objects.requireNonNull(listener, "listener"));
    watch.start();
    return watch;
  }

  private synchronized void remove(ChangeFeed feed) {
    open.remove(feed);
  }

  /** Ends all; nobody reads the store for a watch when this returns. */
  void close() {
    List<ChangeFeed> left;
    synchronized (this) {
      closed = true;
      left = new ArrayList<>(open);
    }
    left.forEach(ChangeFeed::cutOff);
  }
}
