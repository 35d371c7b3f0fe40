package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/**
 * Receives how items were changed.
 *
 * @param <V> the type of values
 */
public interface ChangeVisitor<V> {
  /**
   * An item that differs.
   *
   * @param before what it was, or null if it did not exist; not both are null
   * @param after what it is then, or null if it does not exist
   * @return whether to go on
   */
  boolean change(Key key, @Nullable Version<V> before, @Nullable Version<V> after);
}
