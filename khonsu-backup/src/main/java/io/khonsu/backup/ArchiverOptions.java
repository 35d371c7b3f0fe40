package io.khonsu.backup;

import java.time.Duration;

/**
 * Settings of an {@link Archiver}.
 *
 * @param archiveTimeout how long a transaction waits at most to be archived, as long as the archive
 *     can be written; 5 s by default
 * @param retryDelayMax the longest time between two attempts to write the archive; 1 min by default
 */
public record ArchiverOptions(Duration archiveTimeout, Duration retryDelayMax) {
  private static final Duration LONGEST = Duration.ofDays(1);

  /** Checks the values. */
  public ArchiverOptions {
    check("archiveTimeout", archiveTimeout);
    check("retryDelayMax", retryDelayMax);
  }

  private static void check(String name, Duration value) {
    if (value.isNegative() || value.isZero() || value.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "%s must be positive, and a day at most, but is %s".formatted(name, value));
    }
  }

  /** {@return the defaults} */
  public static ArchiverOptions defaults() {
    return new ArchiverOptions(Duration.ofSeconds(5), Duration.ofMinutes(1));
  }

  /** {@return these options with another timeout} */
  public ArchiverOptions withArchiveTimeout(Duration timeout) {
    return new ArchiverOptions(timeout, retryDelayMax);
  }

  /** {@return these options with another longest time between two attempts} */
  public ArchiverOptions withRetryDelayMax(Duration delay) {
    return new ArchiverOptions(archiveTimeout, delay);
  }
}
