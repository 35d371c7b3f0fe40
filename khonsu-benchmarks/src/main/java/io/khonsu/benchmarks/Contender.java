package io.khonsu.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * A store of numbers with transactions. Item {@code i} starts with the value {@code i}, a boxed
 * long, as all values are.
 */
interface Contender extends AutoCloseable {
  /** {@return a way in for one thread} */
  Session open();

  /** {@return the committed value of an item} Only while no transaction runs. */
  long valueOf(int item);

  @Override
  default void close() {}

  /** {@return a value that must be there, as no contender ever deletes} */
  static long required(@Nullable Long value) {
    if (value == null) {
      throw new AssertionError("an item is missing");
    }
    return value;
  }

  /**
   * What one thread does with a contender. Every operation is one transaction, tried until it
   * commits.
   */
  interface Session {
    /** Reads two items, and writes their sum plus one to two others. All four differ. */
    void readWrite(int read1, int read2, int write1, int write2);

    /** {@return the sum of {@code count} items, from {@code items[from]} on} */
    long readSum(int[] items, int from, int count);

    /** Adds one to an item. */
    void increment(int item);

    /** Writes {@code value} to two items that it does not read. */
    void writePair(int item1, int item2, long value);

    /** {@return how many tries failed so far} */
    long retries();
  }
}
