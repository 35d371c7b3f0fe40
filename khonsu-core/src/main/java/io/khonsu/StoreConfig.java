package io.khonsu;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import java.time.Duration;
import java.util.Objects;

/**
 * The settings of a store. Immutable; made by a {@link #builder}, every setting has a default.
 *
 * @param isolation the level of transactions that do not say another; SERIALIZABLE
 * @param onConflict the strategy of transactions that do not say another; FAIL
 * @param memoryLimitBytes the most memory that committed and read batches may take; 4 GiB. A commit
 *     or read beyond fails with {@link UnavailableException}
 * @param keySizeMaxBytes the longest encoded key; 1 024
 * @param rowSizeMaxBytes the largest average row of a batch that is written; 16 MiB
 * @param transactionSizeMaxBytes the most that one transaction may write; 512 MiB
 * @param retention how long history is kept though nobody reads it, for {@link Khonsu#snapshotAt};
 *     zero, at most 10 years
 * @param transactionAgeMax how old a transaction may grow before its next operation fails with
 *     {@link SnapshotTooOldException}; 1 hour
 */
public record StoreConfig(
    IsolationLevel isolation,
    ConflictStrategy onConflict,
    long memoryLimitBytes,
    int keySizeMaxBytes,
    long rowSizeMaxBytes,
    long transactionSizeMaxBytes,
    Duration retention,
    Duration transactionAgeMax) {
  private static final Duration RETENTION_LIMIT = Duration.ofDays(3_650);

  /**
   * Checks all settings.
   *
   * @throws IllegalArgumentException naming setting, value and bound
   */
  public StoreConfig {
    Objects.requireNonNull(isolation, "isolation");
    Objects.requireNonNull(onConflict, "onConflict");
    checkRange("memoryLimitBytes", memoryLimitBytes, 1, Long.MAX_VALUE);
    checkRange("keySizeMaxBytes", keySizeMaxBytes, 1, Table.KEY_BYTES_MAX);
    checkRange("rowSizeMaxBytes", rowSizeMaxBytes, 1, Integer.MAX_VALUE);
    checkRange("transactionSizeMaxBytes", transactionSizeMaxBytes, 1, Long.MAX_VALUE);
    checkDuration("retention", retention, Duration.ZERO);
    checkDuration("transactionAgeMax", transactionAgeMax, Duration.ofMillis(1));
  }

  /** {@return settings that are all defaults} */
  public static StoreConfig defaults() {
    return builder().build();
  }

  /** {@return a builder that starts from the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  private static void checkRange(String setting, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s must be between %d and %d, but is %d".formatted(setting, least, most, value));
    }
  }

  private static void checkDuration(String setting, Duration value, Duration least) {
    if (value.compareTo(least) < 0 || value.compareTo(RETENTION_LIMIT) > 0) {
      throw new IllegalArgumentException(
          "%s must be between %s and %s, but is %s"
              .formatted(setting, least, RETENTION_LIMIT, value));
    }
  }

  /** Collects settings; {@link #build} checks them together. */
  public static final class Builder {
    private IsolationLevel isolation = IsolationLevel.SERIALIZABLE;
    private ConflictStrategy onConflict = ConflictStrategy.FAIL;
    private long memoryLimitBytes = 4L << 30;
    private int keySizeMaxBytes = 1_024;
    private long rowSizeMaxBytes = 16L << 20;
    private long transactionSizeMaxBytes = 512L << 20;
    private Duration retention = Duration.ZERO;
    private Duration transactionAgeMax = Duration.ofHours(1);

    private Builder() {}

    /** Sets {@link StoreConfig#isolation}. */
    public Builder isolation(IsolationLevel value) {
      isolation = value;
      return this;
    }

    /** Sets {@link StoreConfig#onConflict}. */
    public Builder onConflict(ConflictStrategy value) {
      onConflict = value;
      return this;
    }

    /** Sets {@link StoreConfig#memoryLimitBytes}. */
    public Builder memoryLimitBytes(long value) {
      memoryLimitBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#keySizeMaxBytes}. */
    public Builder keySizeMaxBytes(int value) {
      keySizeMaxBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#rowSizeMaxBytes}. */
    public Builder rowSizeMaxBytes(long value) {
      rowSizeMaxBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#transactionSizeMaxBytes}. */
    public Builder transactionSizeMaxBytes(long value) {
      transactionSizeMaxBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#retention}. */
    public Builder retention(Duration value) {
      retention = value;
      return this;
    }

    /** Sets {@link StoreConfig#transactionAgeMax}. */
    public Builder transactionAgeMax(Duration value) {
      transactionAgeMax = value;
      return this;
    }

    /**
     * {@return the settings}
     *
     * @throws IllegalArgumentException naming the first setting that is out of its bounds
     */
    public StoreConfig build() {
      return new StoreConfig(
          isolation,
          onConflict,
          memoryLimitBytes,
          keySizeMaxBytes,
          rowSizeMaxBytes,
          transactionSizeMaxBytes,
          retention,
          transactionAgeMax);
    }
  }
}
