package io.khonsu.benchmarks;

import org.jspecify.annotations.Nullable;

/** One thread's way into a contender: it runs transactions, and is what they read and write. */
abstract class Session {
  private long retries;

  /**
   * Runs a transaction until it commits.
   *
   * @return what the committed try returned
   * @throws GaveUpException if the contender tries no longer
   */
  abstract long transact(Task task);

  /** {@return the value of an item, or null if it is not there} */
  abstract @Nullable Long find(int item);

  /** Gives an item a value, or removes it if that is null. */
  abstract void set(int item, @Nullable Long value);

  /** Adds to an item, without a look at it if the contender can. */
  void add(int item, long delta) {
    set(item, get(item) + delta);
  }

  /** {@return the sum of the next {@code rows} items in the order of keys, {@code from} first} */
  long sum(int from, int rows) {
    long sum = 0;
    for (int item = from; item < from + rows; item++) {
      sum += get(item);
    }
    return sum;
  }

  /** {@return the value of an item that must be there} */
  final long get(int item) {
    return Contender.required(find(item));
  }

  /** {@return how many tries failed so far} */
  final long retries() {
    return retries;
  }

  final void countRetries(long failedTries) {
    retries += failedTries;
  }

  /** Thrown by contenders that bound their tries. */
  static final class GaveUpException extends RuntimeException {
    private static final long serialVersionUID = 1;

    GaveUpException(Exception cause) {
      super("the contender gave up a transaction", cause);
    }
  }
}
