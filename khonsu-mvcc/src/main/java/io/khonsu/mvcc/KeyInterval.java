package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/**
 * A contiguous range of keys.
 *
 * @param from the first key, included
 * @param to the first key beyond, or null for no upper bound
 */
public record KeyInterval(Key from, @Nullable Key to) {
  /**
   * Checks that the bounds are in order; equal bounds make an empty interval.
   *
   * @throws IllegalArgumentException if {@code to} comes before {@code from}
   */
  public KeyInterval {
    if (to != null && to.compareTo(from) < 0) {
      throw new IllegalArgumentException(
          "interval ends before it starts: from " + from + " to " + to);
    }
  }

  /** {@return whether the key lies in this interval} */
  public boolean contains(Key key) {
    return key.compareTo(from) >= 0 && (to == null || key.compareTo(to) < 0);
  }
}
