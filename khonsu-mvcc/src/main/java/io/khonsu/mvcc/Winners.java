package io.khonsu.mvcc;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who committed at a version, among the commits since a snapshot. The first few look-ups
 * walk the records; further ones remember what was passed, so that many conflicts with many commits
 * do not cost their product. Not thread-safe.
 */
final class Winners<V> {
  private static final int WALKS = 4;

  private final CommitRecord<V> start;
  private int walks;

  /** The last record remembered. */
  private CommitRecord<V> last;

  private long[] versions = {};
  private long[] ids = {};
  private int count;

  Winners(CommitRecord<V> start) {
    this.start = start;
    this.last = start;
  }

  /** {@return the id of the transaction that committed at {@code version}, or 0 if unknown} */
  long at(long version) {
    if (walks < WALKS) {
      walks++;
      return walkTo(version);
    }
    @Nullable CommitRecord<V> next = last.next();
    while (next != null && last.version() < version) {
      remember(next);
      next = next.next();
    }
    int found = Arrays.binarySearch(versions, 0, count, version);
    return found < 0 ? 0 : ids[found];
  }

  private long walkTo(long version) {
    @Nullable CommitRecord<V> record = start.next();
    while (record != null && record.version() < version) {
      record = record.next();
    }
    return record != null && record.version() == version ? record.transactionId() : 0;
  }

  private void remember(CommitRecord<V> record) {
    if (count == versions.length) {
      versions = Arrays.copyOf(versions, Math.max(16, count * 2));
      ids = Arrays.copyOf(ids, versions.length);
    }
    versions[count] = record.version();
    ids[count++] = record.transactionId();
    last = record;
  }
}
