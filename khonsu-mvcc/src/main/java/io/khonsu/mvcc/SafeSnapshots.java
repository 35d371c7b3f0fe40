package io.khonsu.mvcc;

import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that whoever only reads and all SERIALIZABLE transactions have one serial order, in a
 * buffer certified by {@link SerialSafetyNet}.
 *
 * <p>A reader at version s has its place right after s. It must not be that a commit W comes later,
 * but has its place before: the reader might have seen a state that never was, as it sees what
 * comes after W, and not W. So the version is noted before the reader looks, and no W with {@code
 * place(W)} up to there commits any more. A W that has committed and is not published yet must be
 * waited for, which happens only where publishing takes time. Noting and certifying exclude each
 * other, being done inside the commit section; who finds its version noted need not go there.
 *
 * @param <V> the type of values
 */
final class SafeSnapshots<V> {
  private final ActiveSnapshots active;
  private final CommitSection section;
  private final DependencyTracker<V> dependencies;

  /** The newest version noted. Written inside the commit section. */
  private volatile long newest = -1;

  SafeSnapshots(ActiveSnapshots active, CommitSection section, DependencyTracker<V> dependencies) {
    this.active = active;
    this.section = section;
    this.dependencies = dependencies;
  }

  /** {@return the newest version that somebody reads, or has read, at} */
  long newest() {
    return newest;
  }

  /** Opens a snapshot; see {@link TxnBuffer#safeSnapshot}. */
  Snapshot<V> open(LongConsumer awaitHandled) {
    int slot = active.openToRead(dependencies.publishedVersion());
    boolean settled = false;
    try {
      long version = next();
      if (version > dependencies.publishedVersion()) {
        awaitHandled.accept(version);
        version = Math.min(version, dependencies.publishedVersion());
      }
      active.settleToRead(slot, version);
      settled = true;
      return new Snapshot<>(active, slot, null, version);
    } finally {
      if (!settled) {
        active.release(slot);
      }
    }
  }

  /** {@return a version that is safe to read at once all commits up to it are handled} */
  private long next() {
    long noted = newest; // first: what was published when it was noted may be so no more
    if (noted == dependencies.publishedVersion()) {
      return noted;
    }
    section.enterForUpkeep();
    try {
      return place() ? dependencies.publishedVersion() : dependencies.tailVersion();
    } finally {
      section.leave();
    }
  }

  /**
   * Finds a place, right after the newest published commit, for a transaction whose reads hold
   * there and that changes nothing. Commit section only.
   *
   * @return false if there is none before the commits pending now are published or withdrawn; then
   *     there will be
   */
  boolean place() {
    boolean isSafe = isSafe(dependencies.publishedVersion());
    long version = isSafe ? dependencies.publishedVersion() : dependencies.tailVersion();
    newest = Math.max(newest, version);
    return isSafe;
  }

  /** {@return whether no unpublished commit has its place at or before a published version} */
  private boolean isSafe(long published) {
    @Nullable CommitRecord<V> record = dependencies.published().next();
    while (record != null && record.place() > published) {
      record = record.next();
    }
    return record == null;
  }
}
