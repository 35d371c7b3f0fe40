package io.khonsu.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The names of the items, ten ASCII characters each, as a caller brings them along: objects of
 * their own, never those that a contender has stored. Their order is that of the numbers, with the
 * spare ones strewn in between.
 */
final class KeyNames {
  private final int count;
  private final String[] strings;
  private final byte[][] bytes;

  /**
   * Makes names.
   *
   * @param count how many items there are at first: {@code 0} to {@code count - 1}
   * @param spare how many there are room for beside: up to {@code count + spare - 1}
   */
  KeyNames(int count, int spare) {
    this.count = count;
    this.strings = new String[count + spare];
    this.bytes = new byte[count + spare][];
    for (int i = 0; i < count + spare; i++) {
      strings[i] = fresh(i);
      bytes[i] = fresh(i).getBytes(StandardCharsets.US_ASCII);
    }
  }

  /** {@return how many items there are at first} */
  int count() {
    return count;
  }

  int countWithSpare() {
    return strings.length;
  }

  String string(int item) {
    return strings[item];
  }

  /** {@return the name's bytes, not to be changed} */
  byte[] bytes(int item) {
    return bytes[item];
  }

  /** {@return an equal string that nobody else has, for a contender to store} */
  String fresh(int item) {
    // The factor is prime, so no two spare items meet.
    long number = item < count ? 2L * item : 2 * ((item - count) * 1_000_003L % count) + 1;
    return String.format(Locale.ROOT, "key%07d", number);
  }
}
