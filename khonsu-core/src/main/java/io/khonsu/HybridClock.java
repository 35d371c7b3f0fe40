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
  private static final long MILLIS_MAX = Long.MAX_VALUE >>> COUNTER_BITS;

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

  /**
   * {@return the greatest version of the millisecond that an instant lies in; of one before 1970,
   * 0}
   */
  static long lastOf(Instant instant) {
    long seconds = Math.clamp(instant.getEpochSecond(), 0, MILLIS_MAX / 1_000);
    long millis = Math.min(seconds * 1_000 + instant.getNano() / 1_000_000, MILLIS_MAX - 1);
    return instant.getEpochSecond() < 0 ? 0 : firstOf(millis + 1) - 1;
  }

  /** {@return the millisecond of a version} */
  static Instant instantOf(long version) {
    return Instant.ofEpochMilli(version >>> COUNTER_BITS);
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
