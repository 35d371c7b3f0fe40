package io.khonsu.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * A store of numbers with transactions. Item {@code i} starts with the value {@code i}, a boxed
 * long, as all values are.
 */
interface Contender extends AutoCloseable {
  /** {@return a way in for one thread} */
  Session open();

  /** {@return the committed value of an item, or null if it is not there} */
  @Nullable Long valueOf(int item);

  @Override
  default void close() {}

  /** {@return a value that must be there} */
  static long required(@Nullable Long value) {
    if (value == null) {
      throw new AssertionError("an item is missing");
    }
    return value;
  }
}
