package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes commits of a {@link TxnBuffer} visible, or undoes them, where that is not done at once.
 *
 * @param <V> the type of values
 */
final class Publishing<V> {
  private final TxnBuffer<V> buffer;
  private final Waiters<V> waiters;

  Publishing(TxnBuffer<V> buffer, Waiters<V> waiters) {
    this.buffer = buffer;
    this.waiters = waiters;
  }

  void publish(CommitRecord<V> record) {
    DependencyTracker<V> dependencies = buffer.dependencies();
    List<CommitRecord<V>> news = List.of();
    settle(record);
    buffer.section().enterForUpkeep();
    try {
      int share = 0;
      CommitRecord<V> last = dependencies.published();
      while (last.version() < record.version()) {
        last = Invariants.present(last.next(), "a commit to publish is in the list");
        last.settle();
        dependencies.publish(last);
        share += last.size() + 1;
        if (waiters.count() > 0) {
          news = news.isEmpty() ? new ArrayList<>() : news;
          news.add(last);
        }
      }
      buffer.collector().workForAll(share);
    } finally {
      buffer.leave();
    }
    if (!news.isEmpty()) {
      news.forEach(waiters::wake);
    }
  }

  /** Works out all values up to a commit that are not, as from then on others depend on them. */
  private void settle(CommitRecord<V> last) {
    @Nullable CommitRecord<V> record = buffer.dependencies().published().next();
    while (record != null && record.version() <= last.version()) {
      for (int i = 0; i < record.size(); i++) {
        var _ = record.version(i);
      }
      record = record.next();
    }
  }

  void withdraw(CommitRecord<V> record) {
    buffer.section().enterForUpkeep();
    try {
      if (record.version() <= buffer.newestVersion()) {
        throw new IllegalStateException("commit " + record.version() + " was published");
      }
      List<Version<V>> reinstated = buffer.collector().withdraw(record);
      record.erase();
      for (Version<V> version : reinstated) {
        buffer.options().lifecycle().reinstated(version.requireValue(), version.index());
      }
    } finally {
      buffer.leave();
    }
  }
}
