package io.khonsu.distributed;

/** Commit versions: 48 bits of milliseconds since the epoch, then a 16-bit counter. */
final class Versions {
  private static final int COUNTER_BITS = 16;

  private Versions() {}

  /** {@return the smallest version of a millisecond} */
  static long firstOf(long epochMillis) {
    return epochMillis << COUNTER_BITS;
  }
}
