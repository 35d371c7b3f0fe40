package io.khonsu.mvcc;

import java.util.ArrayDeque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Which transaction changed which items, in commit order: the list of commit records, from the
 * oldest that a transaction may still ask about to the newest.
 *
 * <p>Together with a transaction's own {@link ReadSet} and {@link WriteSet} these are all
 * dependency edges that a certifier needs, and what explains an abort. Appending, publishing and
 * trimming happen inside the commit section; following the list needs no lock. A snapshot pins the
 * records after its own start, so whoever walks from an open snapshot meets every later commit.
 *
 * @param <V> the type of values
 */
final class DependencyTracker<V> {
  /** One record of so many is remembered, and the list cut after it in time. */
  private static final int RECORDS_PER_CUT = 64;

  private final CommitMutex<V> mutex;
  private final Published<V> published;
  private final ArrayDeque<CommitRecord<V>> cuts = new ArrayDeque<>();

  /** What the list begins with, after the last cut. */
  private CommitRecord<V> oldest;

  DependencyTracker(CommitMutex<V> mutex) {
    this.mutex = mutex;
    this.oldest = mutex.tail;
    this.published = new Published<>(oldest);
  }

  /**
   * {@return the newest commit that snapshots may see, or the one before it} It is never older than
   * the commit before a version that {@link #publishedVersion} returned earlier.
   */
  CommitRecord<V> published() {
    return published.record();
  }

  /** {@return the version of the newest commit that snapshots may see} */
  long publishedVersion() {
    return published.version();
  }

  /** {@return the newest commit, published or not} Commit section only. */
  CommitRecord<V> tail() {
    return mutex.tail;
  }

  /** {@return the version of the newest commit, published or not} Commit section only. */
  long tailVersion() {
    return mutex.tailVersion;
  }

  void append(CommitRecord<V> record) {
    mutex.tail.setNext(record);
    mutex.tail = record;
    mutex.tailVersion = record.version();
    if (++mutex.appended == RECORDS_PER_CUT) {
      mutex.appended = 0;
      cuts.add(record);
    }
  }

  /** Makes a commit visible; those before it were made so, one by one. */
  void publish(CommitRecord<V> record) {
    published.set(record);
  }

  /**
   * Cuts the list behind remembered records whose successors nobody asks about. A record promoted
   * to the old generation would otherwise keep all later ones alive after their last use.
   *
   * @param horizon the oldest version that somebody asks about the successors of
   */
  void trim(long horizon) {
    @Nullable CommitRecord<V> cut = cuts.peek();
    while (cut != null) {
      CommitRecord<V> following = cut.next();
      // One record is left, as whoever reads at a version may hold the commit before it.
      if (following == null || following.version() >= horizon) {
        return;
      }
      cut.setNext(null);
      oldest = following;
      cuts.remove();
      cut = cuts.peek();
    }
  }

  /** {@return the last commit up to a version, which somebody has claimed} Commit section only. */
  CommitRecord<V> lastUpTo(long version) {
    Iterator<CommitRecord<V>> newestFirst = cuts.descendingIterator();
    while (newestFirst.hasNext()) {
      CommitRecord<V> cut = newestFirst.next();
      if (cut.version() <= version) {
        return cut.lastUpTo(version);
      }
    }
    return oldest.lastUpTo(version);
  }

  /** {@return how many records are newer than {@code horizon}} Commit section only. */
  long countSince(long horizon) {
    long count = 0;
    for (@Nullable CommitRecord<V> record = oldest; record != null; record = record.next()) {
      count += record.version() > horizon ? 1 : 0;
    }
    return count;
  }
}
