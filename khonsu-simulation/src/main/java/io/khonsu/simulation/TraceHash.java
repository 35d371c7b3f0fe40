package io.khonsu.simulation;

import java.nio.charset.StandardCharsets;

/**
 * A 64-bit digest of everything that has happened in a run, in order. Two runs of one seed have the
 * same; a run that depends on anything but its seed does not.
 */
final class TraceHash {
  private long state = 0x9E37_79B9_7F4A_7C15L;

  /** {@return a number in which every bit depends on every bit of {@code value}} */
  static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D0_49BB_1331_11EBL;
    return z ^ (z >>> 31);
  }

  void add(long value) {
    state = mix(state * 31 + value + 0x9E37_79B9_7F4A_7C15L);
  }

  void add(String text) {
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      state = state * 0x100_0000_01B3L ^ b;
    }
    add(text.length());
  }

  long value() {
    return state;
  }

  @Override
  public String toString() {
    return String.format(java.util.Locale.ROOT, "%016x", state);
  }
}
