package io.khonsu.mvcc;

/**
 * The meaning of {@link ConflictStrategy#APPEND}: a deterministic function of what is committed and
 * what a transaction writes.
 *
 * @param <V> the type of values
 */
@FunctionalInterface
public interface Merger<V> {
  /**
   * Merges a write into the committed state that it conflicts with.
   *
   * @param key the item
   * @param committed the newest committed version, not a tombstone
   * @param staged the write, not a tombstone
   * @return the merged item; if its value is neither argument's, the buffer owns it from here on,
   *     and hands it to {@link ValueLifecycle#discarded} should it not be needed. With the staged
   *     value it takes the staged version's place; with the committed value and its index, the
   *     write changes nothing and is dropped.
   */
  Item<V> merge(Key key, Version<V> committed, Version<V> staged);

  /**
   * A value and an index into it.
   *
   * @param <V> the type of values
   */
  record Item<V>(V value, int index) {}
}
