package io.khonsu.mvcc;

/**
 * A prefix of the commit order that its owner reads at. Open, it keeps the versions it can see;
 * every one must be closed.
 *
 * <p>Reading is thread-safe; closing is the owner's, once no read is under way.
 *
 * @param <V> the type of values
 */
public final class Snapshot<V> implements AutoCloseable {
  private static final int CLOSED = -1;

  private final ActiveSnapshots active;
  private final CommitRecord<V> start;
  private final long version;
  private int slot;

  Snapshot(ActiveSnapshots active, int slot, CommitRecord<V> start, long version) {
    this.active = active;
    this.slot = slot;
    this.start = start;
    this.version = version;
  }

  /** {@return the version of the last commit that is visible} */
  public long version() {
    return version;
  }

  /** {@return the newest record at the time of opening; for a snapshot of now, its last commit} */
  CommitRecord<V> start() {
    return start;
  }

  /** Makes sure that the records after this snapshot are at hand. */
  void checkCommittable() {
    if (slot == CLOSED || start.version() != version) {
      throw new IllegalStateException(
          "a snapshot that is closed or of the past cannot commit, version " + version);
    }
  }

  /** Lets go of the versions that only this snapshot sees. Closing twice does nothing. */
  @Override
  public void close() {
    if (slot != CLOSED) {
      active.release(slot);
      slot = CLOSED;
    }
  }
}
