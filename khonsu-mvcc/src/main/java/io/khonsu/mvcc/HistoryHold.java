package io.khonsu.mvcc;

/**
 * Keeps all history from a version on, so that requests of others, who read at any version since,
 * can be certified here: what each replica of a store keeps must not depend on who reads there.
 *
 * <p>{@link #snapshot} and {@link #advance} are for one thread at a time.
 *
 * @param <V> the type of values
 */
public final class HistoryHold<V> implements AutoCloseable {
  private final ActiveSnapshots active;
  private final DependencyTracker<V> dependencies;
  private final CommitSection section;
  private final int slot;
  private long version;
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
  }

  /**
   * {@return a snapshot at a version, which a request can commit from, and which the caller must
   * close}
   *
   * @param at not older than {@link #version}, nor newer than the newest published commit
   */
  public Snapshot<V> snapshot(long at) {
    if (closed || at < version || at > dependencies.publishedVersion()) {
      throw new IllegalArgumentException(
          "version %d is not between what is held, %d, and what is published, %d"
              .formatted(at, version, dependencies.publishedVersion()));
    }
    int claimed = active.open(at);
    CommitRecord<V> start;
    section.enterForUpkeep();
    try {
      start = dependencies.lastUpTo(at);
    } finally {
      section.leave();
    }
    active.settle(claimed, at);
    return new Snapshot<>(active, claimed, start, at);
  }

  /** Holds nothing any more. Closing twice does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      active.release(slot);
    }
  }
}
