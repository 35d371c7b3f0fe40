package io.khonsu;

import io.khonsu.mvcc.VersionSource;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Draws commit versions: 48 bits of milliseconds since the epoch, then a 16-bit counter, strictly
 * increasing even when the clock steps back (Kulkarni et al., Logical Physical Clocks, 2014).
 */
final class HybridClock implements VersionSource {
  private static final int COUNTER_BITS = 16;

  private final InstantSource clock;

  HybridClock(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public long next(long previous) {
    return Math.max(previous + 1, firstOf(clock.millis()));
  }

  /** {@return the smallest version of a millisecond} */
  static long firstOf(long epochMillis) {
    return epochMillis << COUNTER_BITS;
  }

  /** {@return the greatest version of the millisecond that an instant lies in} */
  static long lastOf(Instant instant) {
    return firstOf(instant.toEpochMilli() + 1) - 1;
  }

  /** {@return the milliseconds between two versions} */
  static long millisBetween(long older, long newer) {
    return (newer >>> COUNTER_BITS) - (older >>> COUNTER_BITS);
  }

  /** {@return the span of versions that covers so many milliseconds} */
  static long span(long millis) {
    return millis << COUNTER_BITS;
  }
}
