package io.khonsu.backup;

import java.time.Duration;

/**
 * Settings of an {@link Archiver}.
 *
 * @param archiveTimeout how long a transaction waits at most to be archived, as long as the archive
 *     can be written; 5 s by default
 * @param retryDelayMax the longest time between two attempts to write the archive; 1 min by default
 * @param heldLogBytesMax how large the log may grow while it cannot be archived: beyond that it
 *     lets go of what was not archived, and the archive has a gap; 4 GiB by default
 */
public record ArchiverOptions(
    Duration archiveTimeout, Duration retryDelayMax, long heldLogBytesMax) {
  /** Checks the values. */
  public ArchiverOptions {
    checkPositive("archiveTimeout", archiveTimeout);
    checkPositive("retryDelayMax", retryDelayMax);
    if (heldLogBytesMax < 1) {
      throw new IllegalArgumentException(
          "heldLogBytesMax must be at least 1, but is " + heldLogBytesMax);
    }
  }

  private static void checkPositive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException("%s must be positive, but is %s".formatted(name, value));
    }
  }

  /** {@return the defaults} */
  public static ArchiverOptions defaults() {
    return new ArchiverOptions(Duration.ofSeconds(5), Duration.ofMinutes(1), 4L << 30);
  }

  /** {@return these options with another timeout} */
  public ArchiverOptions withArchiveTimeout(Duration timeout) {
    return new ArchiverOptions(timeout, retryDelayMax, heldLogBytesMax);
  }

  /** {@return these options with another longest time between two attempts} */
  public ArchiverOptions withRetryDelayMax(Duration delay) {
    return new ArchiverOptions(archiveTimeout, delay, heldLogBytesMax);
  }

  /** {@return these options with another limit of the log} */
  public ArchiverOptions withHeldLogBytesMax(long bytes) {
    return new ArchiverOptions(archiveTimeout, retryDelayMax, bytes);
  }
}
