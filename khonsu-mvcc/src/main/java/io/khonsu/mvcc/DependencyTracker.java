package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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
  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(CommitRecord[].class);

  /** In the middle of an array of its own, so that no neighbour's writes disturb its readers. */
  private static final int PUBLISHED = 32;

  private final CommitRecord<V>[] cells;
  private CommitRecord<V> oldest;
  private CommitRecord<V> tail;

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  DependencyTracker(long firstVersion) {
    this.tail = CommitRecord.origin(firstVersion);
    this.oldest = tail;
    this.cells = new CommitRecord[2 * PUBLISHED];
    cells[PUBLISHED] = tail;
  }

  /** {@return the newest commit that snapshots may see} */
  @SuppressWarnings("unchecked") // the cell has this very type
  CommitRecord<V> published() {
    return (CommitRecord<V>) CELL.getVolatile(cells, PUBLISHED);
  }

  /** {@return the newest commit, published or not} Commit section only. */
  CommitRecord<V> tail() {
    return tail;
  }

  void append(CommitRecord<V> record) {
    tail.setNext(record);
    tail = record;
  }

  void publish(CommitRecord<V> record) {
    CELL.setRelease(cells, PUBLISHED, record);
  }

  /**
   * Unlinks records that end below {@code horizon}, a few at a time. A record promoted to the old
   * generation would otherwise keep all later ones alive after their last use.
   */
  void trim(long horizon, int most) {
    for (int i = 0; i < most; i++) {
      CommitRecord<V> following = oldest.next();
      if (following == null || following.version() >= horizon) {
        return;
      }
      oldest.setNext(null);
      oldest = following;
    }
  }

  /** {@return how many records are linked} Commit section only. */
  long size() {
    long count = 0;
    for (@Nullable CommitRecord<V> record = oldest.next(); record != null; record = record.next()) {
      count++;
    }
    return count;
  }
}
