package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TxnBuffer} of longs should do, with a copy of everything for each version. Versions
 * count up by one; merging adds.
 */
final class ReferenceBuffer {
  /** The state after each version, from 0 on. */
  final List<TreeMap<Integer, Long>> states = new ArrayList<>(List.of(new TreeMap<>()));

  /** By item, the version that changed it last. */
  private final Map<Integer, Integer> changed = new TreeMap<>();

  int newest() {
    return states.size() - 1;
  }

  SortedMap<Integer, Long> current() {
    return states.getLast();
  }

  /** A range read. */
  record RangeRead(int from, int to, LongPredicate predicate) {
    SortedMap<Integer, Long> in(SortedMap<Integer, Long> state) {
      SortedMap<Integer, Long> found = new TreeMap<>(state.subMap(from, to));
      found.values().removeIf(predicate.negate()::test);
      return found;
    }
  }

  /** A write; a null value deletes; what merges is added. */
  record Write(@Nullable Long value, ConflictStrategy strategy, boolean merges) {}

  /** A transaction of the model. */
  static final class Transaction {
    final IsolationLevel level;
    final int snapshot;
    final TreeSet<Integer> items = new TreeSet<>();
    final List<RangeRead> ranges = new ArrayList<>();
    final TreeMap<Integer, Write> writes = new TreeMap<>();

    Transaction(IsolationLevel level, int snapshot) {
      this.level = level;
      this.snapshot = snapshot;
    }
  }

  /** {@return the items in fatal conflicts; if there are none, the transaction has committed} */
  SortedSet<Integer> commit(Transaction tx) {
    TreeSet<Integer> fatal = new TreeSet<>();
    if (tx.level.validatesItems()) {
      for (int item : tx.items) {
        boolean settled = tx.level == IsolationLevel.REPEATABLE_READ && tx.writes.containsKey(item);
        if (isChanged(item, tx) && !settled) {
          fatal.add(item);
        }
      }
    }
    if (tx.level == IsolationLevel.SERIALIZABLE) {
      tx.ranges.forEach(range -> checkRange(tx, range, fatal));
    }
    TreeMap<Integer, Long> next = new TreeMap<>(current());
    TreeSet<Integer> installed = new TreeSet<>();
    tx.writes.forEach((item, write) -> apply(tx, item, write, next, installed, fatal));
    if (fatal.isEmpty() && !installed.isEmpty()) {
      states.add(next);
      installed.forEach(item -> changed.put(item, newest()));
    }
    return fatal;
  }

  private void checkRange(Transaction tx, RangeRead range, SortedSet<Integer> fatal) {
    SortedMap<Integer, Long> before = range.in(states.get(tx.snapshot));
    SortedMap<Integer, Long> after = range.in(current());
    for (int item : changed.keySet()) {
      if (isChanged(item, tx) && (before.containsKey(item) || after.containsKey(item))) {
        fatal.add(item);
      }
    }
  }

  private void apply(
      Transaction tx,
      int item,
      Write write,
      SortedMap<Integer, Long> next,
      SortedSet<Integer> installed,
      SortedSet<Integer> fatal) {
    Long committed = current().get(item);
    Long value = write.value;
    if (isChanged(item, tx) && !isBlind(tx, item, write)) {
      if (write.strategy == ConflictStrategy.FAIL) {
        fatal.add(item);
        return;
      }
      if (write.strategy == ConflictStrategy.IGNORE) {
        return;
      }
    }
    if (write.merges && value != null && committed != null) {
      value = Long.valueOf(value + committed);
    }
    if (value != null) {
      next.put(item, value);
      installed.add(item);
    } else if (committed != null) {
      next.remove(item);
      installed.add(item);
    }
  }

  private static boolean isBlind(Transaction tx, int item, Write write) {
    if (write.strategy == ConflictStrategy.APPEND) {
      return true;
    }
    boolean isRead =
        tx.items.contains(item)
            || tx.ranges.stream().anyMatch(range -> range.from() <= item && item < range.to());
    boolean isBlindMerge = write.merges && !(isRead && tx.level.readsAtBegin());
    return isBlindMerge
        || (tx.level == IsolationLevel.SERIALIZABLE
            && (write.strategy == ConflictStrategy.FAIL
                || write.strategy == ConflictStrategy.REPLACE));
  }

  private boolean isChanged(int item, Transaction tx) {
    return changed.getOrDefault(item, 0) > tx.snapshot;
  }
}
