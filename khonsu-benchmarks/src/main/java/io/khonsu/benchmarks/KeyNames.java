package io.khonsu.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The names of the items {@code 0} to {@code count - 1}, ten ASCII characters each, as a caller
 * brings them along: objects of their own, never those that a contender has stored.
 */
final class KeyNames {
  private final String[] strings;
  private final byte[][] bytes;

  KeyNames(int count) {
    this.strings = new String[count];
    this.bytes = new byte[count][];
    for (int i = 0; i < count; i++) {
      strings[i] = fresh(i);
      bytes[i] = fresh(i).getBytes(StandardCharsets.US_ASCII);
    }
  }

  int count() {
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
  static String fresh(int item) {
    return String.format(Locale.ROOT, "key%07d", item);
  }
}
