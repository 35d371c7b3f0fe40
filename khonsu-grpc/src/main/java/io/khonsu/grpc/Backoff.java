package io.khonsu.grpc;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before calling again: after 20 ms, then up to twice as long each time, at most 1
 * s, and not at the same time as others. Only a session that lived for as long as the longest wait
 * is a success: one that is opened and lost at once, again and again, is a failure. Not
 * thread-safe.
 */
final class Backoff {
  private static final long MILLIS_MIN = 20;
  private static final long MILLIS_MAX = 1_000;
  private static final int DOUBLINGS_MAX = 10;

  private final RandomGenerator random;
  private int failures;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /**
   * {@return how long to wait}
   *
   * @param lived how long the session lived that has just ended; zero if none came about
   */
  Duration next(Duration lived) {
    if (lived.toMillis() >= MILLIS_MAX) {
      failures = 0;
    }
    long most = Math.min(MILLIS_MAX, MILLIS_MIN << Math.min(failures++, DOUBLINGS_MAX));
    return Duration.ofMillis(random.nextLong(most / 2, most + 1));
  }
}
