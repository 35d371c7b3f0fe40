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

  /** The first instant that no version can have. */
  private static final Instant END = Instant.ofEpochMilli(Long.MAX_VALUE >>> COUNTER_BITS);

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
   * {@return the greatest version of the millisecond that an instant lies in; of one before the
   * epoch -1, of one beyond all versions the greatest long}
   */
  static long lastOf(Instant instant) {
    if (instant.isBefore(Instant.EPOCH)) {
      return -1;
    }
    return instant.isBefore(END) ? firstOf(instant.toEpochMilli() + 1) - 1 : Long.MAX_VALUE;
  }

  /** {@return the millisecond of a version} */
  static Instant instantOf(long version) {
    return Instant.ofEpochMilli(version >>> COUNTER_BITS);
  }

  /** {@return the milliseconds since the epoch of a version} */
  static long millisOf(long version) {
    return version >>> COUNTER_BITS;
  }

  /** {@return the span of versions that covers so many milliseconds} */
  static long span(long millis) {
    return millis << COUNTER_BITS;
  }
}
