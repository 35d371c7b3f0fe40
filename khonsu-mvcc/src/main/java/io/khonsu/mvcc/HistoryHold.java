package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/**
 * Keeps all history from a version on, so that requests of others, who read at any version since,
 * can be certified here: what each replica of a store keeps must not depend on who reads there.
 *
 * <p>For one thread at a time.
 *
 * @param <V> the type of values
 */
public final class HistoryHold<V> implements AutoCloseable {
  /** A record that is farther away is found sooner from the newest one. */
  private static final int STEPS_MAX = 256;

  private final ActiveSnapshots active;
  private final DependencyTracker<V> dependencies;
  private final CommitSection section;
  private final int slot;
  private long version;

  /** What a snapshot was found to begin with last: whoever comes next is seldom far from it. */
  private @Nullable CommitRecord<V> found;

  private boolean flipped;
  private boolean closed;

  /** Takes over a slot that stays open at a version. */
  HistoryHold(
      ActiveSnapshots active,
      DependencyTracker<V> dependencies,
      CommitSection section,
      int slot,
      long version) {
    this.active = active;
    this.dependencies = dependencies;
    this.section = section;
    this.slot = slot;
    this.version = version;
  }

  /** {@return the oldest version that is kept} */
  public long version() {
    return version;
  }

  /** Lets go of what is older than a version; one that is older than the held is ignored. */
  public void advance(long newVersion) {
    version = Math.max(version, newVersion);
    flipped = !flipped; // another word in the slot, for who waits until earlier readers have left
    active.stayOpen(slot, version, flipped);
    if (found != null && found.version() < version) {
      found = null; // the list may be cut behind it
    }
  }

  /**
   * {@return a snapshot at a version, which a request can commit from, and which the caller must
   * close}
   *
   * @param at not older than {@link #version}, nor newer than the newest published commit
   */
  public Snapshot<V> snapshot(long at) {
    check(at);
    int claimed = active.open(at);
    CommitRecord<V> start = lastUpTo(at);
    active.settle(claimed, at);
    return new Snapshot<>(active, claimed, start, at);
  }

  /**
   * {@return a snapshot as {@link #snapshot} gives it, which keeps nothing by itself: it is not to
   * be used any more once this advances or is closed}
   */
  public Snapshot<V> momentarySnapshot(long at) {
    check(at);
    return new Snapshot<>(null, slot, lastUpTo(at), at);
  }

  private void check(long at) {
    if (closed || at < version || at > dependencies.publishedVersion()) {
      throw new IllegalArgumentException(
          "version %d is not between what is held, %d, and what is published, %d"
              .formatted(at, version, dependencies.publishedVersion()));
    }
  }

  private CommitRecord<V> lastUpTo(long at) {
    CommitRecord<V> near = found;
    CommitRecord<V> last = near == null ? null : near.lastUpTo(at, STEPS_MAX);
    if (last == null) {
      section.enterForUpkeep();
      try {
        last = dependencies.lastUpTo(at);
      } finally {
        section.leave();
      }
    }
    found = last.version() < version ? null : last;
    return last;
  }

  /** Holds nothing any more. Closing twice does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      found = null;
      active.release(slot);
    }
  }
}
