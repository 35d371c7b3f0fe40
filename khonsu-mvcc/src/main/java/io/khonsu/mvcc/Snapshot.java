package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/**
 * A prefix of the commit order that its owner reads at. Open, it keeps the versions it can see,
 * unless it is {@link HistoryHold#momentarySnapshot momentary}; every one must be closed.
 *
 * <p>Reading is thread-safe; closing is the owner's, once no read is under way.
 *
 * @param <V> the type of values
 */
public final class Snapshot<V> implements AutoCloseable {
  private static final int CLOSED = -1;

  private final @Nullable ActiveSnapshots active;
  private @Nullable CommitRecord<V> start;
  private final long version;
  private int slot;

  private Snapshot(long version) {
    this.active = null;
    this.slot = CLOSED;
    this.version = version;
  }

  /**
   * {@return a snapshot of a buffer elsewhere, which holds nothing here, and commits nothing here}
   *
   * @param <V> the type of values
   */
  public static <V> Snapshot<V> elsewhere(long version) {
    return new Snapshot<>(version);
  }

  /**
   * Takes over a claimed slot.
   *
   * @param active null if the slot is another's, who sees to it that what is read here stays
   * @param start the commit that the snapshot ends with, or the one before it; null if it is only
   *     for reading
   */
  Snapshot(
      @Nullable ActiveSnapshots active, int slot, @Nullable CommitRecord<V> start, long version) {
    this.active = active;
    this.slot = slot;
    this.start = start;
    this.version = version;
  }

  /** {@return the version of the last commit that is visible} */
  public long version() {
    return version;
  }

  /**
   * {@return the version of the last commit that a snapshot shows, which may be older than what it
   * was opened at; if it may commit}
   */
  public long lastCommit() {
    return start().version();
  }

  /** {@return the commit that a snapshot ends with that may commit} */
  CommitRecord<V> start() {
    CommitRecord<V> exact = roughStart().lastUpTo(version);
    start = exact;
    return exact;
  }

  /** {@return that commit or the one before it, without looking into it} */
  CommitRecord<V> roughStart() {
    return Invariants.present(start, "a snapshot that may commit has a start");
  }

  /** {@return the number of the slot, which its owner's thread is likely to get again} */
  int slot() {
    return slot;
  }

  /** Makes sure that the records after this snapshot are at hand. */
  void checkCommittable() {
    if (slot == CLOSED || start == null) {
      throw new IllegalStateException(
          "a snapshot that is closed or only for reading cannot commit, version " + version);
    }
  }

  /** Lets go of the versions that only this snapshot sees. Closing twice does nothing. */
  @Override
  public void close() {
    if (slot != CLOSED && active != null) {
      active.release(slot);
    }
    slot = CLOSED;
  }
}
