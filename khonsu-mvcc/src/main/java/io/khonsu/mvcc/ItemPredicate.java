package io.khonsu.mvcc;

/**
 * A test of items, as a scan filters by it. Deterministic, thread-safe, and free of side effects: a
 * commit evaluates it again on other versions.
 *
 * @param <V> the type of values
 */
@FunctionalInterface
public interface ItemPredicate<V> {
  /** {@return whether the item matches in this version, which is not a tombstone} */
  boolean test(Key key, Version<V> version);
}
