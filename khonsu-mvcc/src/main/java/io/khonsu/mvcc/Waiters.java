package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Who waits for which items and ranges to change. Where nobody waits, a commit pays one volatile
 * read.
 *
 * <p>Why no change is missed: commits are published inside the commit section, and look here
 * afterwards. Who waits registers first, then passes through the section, then looks at what is
 * published. A commit that was published before that passage is found by looking; one that is
 * published after it finds the registration, as the section's lock orders the two.
 *
 * <p>Registering and leaving hold a lock, waking does not. Waking too often is harmless.
 */
final class Waiters<V> {
  private final ReentrantLock lock = new ReentrantLock();
  private final ConcurrentMap<Key, Group> byItem = new ConcurrentHashMap<>();
  private final ConcurrentNavigableMap<KeyInterval, Group> byRange =
      new ConcurrentSkipListMap<>(Waiters::compare);
  private final Group all = new Group();
  private long lastNumber;
  private volatile int count;

  /** Waiters in the order of their coming. */
  private static final class Group {
    private final ConcurrentSkipListSet<Waiter> members =
        new ConcurrentSkipListSet<>(Waiters::compare);

    private void wake() {
      for (Waiter waiter : members) {
        waiter.wake();
      }
    }
  }

  /** {@return how many wait} */
  int count() {
    return count;
  }

  /** {@return a new waiter for what was read, guards included} */
  Waiter add(ReadSet<V> reads, Runnable wakeUp) {
    lock.lock();
    try {
      Waiter waiter = new Waiter(this, ++lastNumber, reads, wakeUp);
      all.members.add(waiter);
      for (Key key : keysOf(reads)) {
        byItem.computeIfAbsent(key, _ -> new Group()).members.add(waiter);
      }
      for (int i = 0; i < reads.rangeCount(); i++) {
        byRange.computeIfAbsent(reads.range(i).interval(), _ -> new Group()).members.add(waiter);
      }
      count = all.members.size();
      return waiter;
    } finally {
      lock.unlock();
    }
  }

  void remove(Waiter waiter) {
    lock.lock();
    try {
      if (waiter.closeOnce()) {
        all.members.remove(waiter);
        for (Key key : keysOf(waiter.reads)) {
          leave(byItem, key, waiter);
        }
        for (int i = 0; i < waiter.reads.rangeCount(); i++) {
          leave(byRange, waiter.reads.range(i).interval(), waiter);
        }
        count = all.members.size();
      }
    } finally {
      lock.unlock();
    }
  }

  private static List<Key> keysOf(ReadSet<?> reads) {
    List<Key> keys = new ArrayList<>(List.of(reads.guards()));
    for (int i = 0; i < reads.itemCount(); i++) {
      keys.add(reads.item(i));
    }
    return keys;
  }

  private static <K> void leave(Map<K, Group> groups, K place, Waiter waiter) {
    Group group = groups.get(place);
    if (group != null && group.members.remove(waiter) && group.members.isEmpty()) {
      groups.remove(place);
    }
  }

  /** Wakes those who wait for something that a commit, now published, has changed. */
  void wake(CommitRecord<V> record) {
    if (count == 0) {
      return;
    }
    for (int i = 0; i < record.size(); i++) {
      Chain<V> chain = record.chain(i);
      wake(byItem.get(chain));
      if (!byRange.isEmpty()) {
        byRange
            .headMap(new KeyInterval(chain, null), true)
            .forEach((interval, group) -> wake(interval.contains(chain) ? group : null));
      }
    }
  }

  /** Wakes everybody. */
  void wakeAll() {
    all.wake();
  }

  private static void wake(@Nullable Group group) {
    if (group != null) {
      group.wake();
    }
  }

  private static int compare(Waiter left, Waiter right) {
    return Long.compare(left.number, right.number);
  }

  /** Orders intervals by where they begin; of those, one without an end is the last. */
  private static int compare(KeyInterval left, KeyInterval right) {
    int order = left.from().compareTo(right.from());
    Key leftEnd = left.to();
    Key rightEnd = right.to();
    if (order != 0) {
      return order;
    }
    return leftEnd == null || rightEnd == null
        ? Boolean.compare(leftEnd == null, rightEnd == null)
        : leftEnd.compareTo(rightEnd);
  }
}
