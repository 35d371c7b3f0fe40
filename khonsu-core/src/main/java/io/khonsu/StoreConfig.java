package io.khonsu;

import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.LogKind;
import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The settings of a store. Immutable; made by a {@link #builder}, every setting has a default.
 *
 * <p>As text, settings are {@code name=value}, separated by commas or line ends: {@link #parse}
 * reads what {@link #toString} prints, and also text that leaves settings at their defaults.
 *
 * @param isolation the level of transactions that do not say another; SERIALIZABLE
 * @param onConflict the strategy of transactions that do not say another; FAIL
 * @param certification how SERIALIZABLE transactions are certified; OCC. With SSN those abort less
 *     that read much and write little, the serial order is no longer that of the commits, and with
 *     a storage {@link Khonsu#snapshot} may wait for a commit that is being persisted
 * @param memoryLimitBytes the most memory that committed and read batches may take; 4 GiB. A commit
 *     or read beyond fails with {@link UnavailableException}
 * @param memoryBudgetBytes how much memory committed batches of more than 4 KiB take in a store
 *     opened by its path: those that nobody has read for long are on disk only, and come back when
 *     somebody does; at most memoryLimitBytes. 0, the default, is half of that
 * @param keySizeMaxBytes the longest encoded key that is written, at most 64 KiB; 1 024
 * @param rowSizeMaxBytes the largest average row of a batch that is written; 16 MiB
 * @param transactionSizeMaxBytes the most that one transaction may write, rows written over again
 *     included, and the largest batch that APPEND may make, at most 1 GiB; 512 MiB
 * @param retention how long history is kept though nobody reads it, for {@link Khonsu#snapshotAt};
 *     zero, at most 10 years
 * @param retentionBytes how much of that history is kept at most, estimated as the data that was
 *     overwritten or deleted, with the store's own objects; 1 GiB
 * @param watchBacklogBytes how far, estimated likewise, a watch may fall behind before it is ended;
 *     256 MiB
 * @param transactionAgeMax how old a transaction may grow before its next operation fails with
 *     {@link SnapshotTooOldException}; 1 hour
 * @param compactionRowsPerSecond the pace at which rows of small batches are moved into large ones
 *     in the background; 500 000. With 0 that is done by {@link Khonsu#compact} only
 * @param durability when a commit to a store opened by its path returns; SYNC
 * @param log where such a store logs its commits; ENGINE. Counts when the store is created
 * @param logSizeMaxBytes how much may be logged and not yet safe in the state before commits wait,
 *     at least 1 MiB; 512 MiB
 * @param heldLogMaxBytes how large the log may grow for those who archive it; 4 GiB
 * @param diskReserveBytes how much of the disk must be free for a commit to be accepted; 256 MiB
 * @param mergeFunctions by name, what {@link Merges#custom} may use; none. Not part of the text
 */
@SuppressWarnings("RecordComponentNumber") // a flat list of settings, made by its builder alone
public record StoreConfig(
    IsolationLevel isolation,
    ConflictStrategy onConflict,
    Certification certification,
    long memoryLimitBytes,
    long memoryBudgetBytes,
    int keySizeMaxBytes,
    long rowSizeMaxBytes,
    long transactionSizeMaxBytes,
    Duration retention,
    long retentionBytes,
    long watchBacklogBytes,
    Duration transactionAgeMax,
    long compactionRowsPerSecond,
    Durability durability,
    LogKind log,
    long logSizeMaxBytes,
    long heldLogMaxBytes,
    long diskReserveBytes,
    Map<String, MergeFunction> mergeFunctions) {
  private static final long TRANSACTION_SIZE_LIMIT_BYTES = 1L << 30;
  private static final long LOG_SIZE_LEAST_BYTES = 1L << 20;
  private static final long COMPACTION_PACE_LIMIT = 1_000_000_000;
  private static final Pattern SEPARATOR = Pattern.compile(",|\\R");
  private static final Duration RETENTION_LIMIT = Duration.ofDays(3_650);

  /**
   * Checks all settings.
   *
   * @throws IllegalArgumentException naming setting, value and bound
   */
  public StoreConfig {
    Objects.requireNonNull(isolation, "isolation");
    Objects.requireNonNull(onConflict, "onConflict");
    Objects.requireNonNull(certification, "certification");
    checkRange("memoryLimitBytes", memoryLimitBytes, 1, Long.MAX_VALUE);
    checkRange("memoryBudgetBytes", memoryBudgetBytes, 0, memoryLimitBytes);
    checkRange("keySizeMaxBytes", keySizeMaxBytes, 1, Table.KEY_BYTES_MAX);
    checkRange("rowSizeMaxBytes", rowSizeMaxBytes, 1, Integer.MAX_VALUE);
    checkRange("transactionSizeMaxBytes", transactionSizeMaxBytes, 1, TRANSACTION_SIZE_LIMIT_BYTES);
    checkDuration("retention", retention, Duration.ZERO);
    checkRange("retentionBytes", retentionBytes, 1, Long.MAX_VALUE);
    checkRange("watchBacklogBytes", watchBacklogBytes, 1, Long.MAX_VALUE);
    checkDuration("transactionAgeMax", transactionAgeMax, Duration.ofMillis(1));
    checkRange("compactionRowsPerSecond", compactionRowsPerSecond, 0, COMPACTION_PACE_LIMIT);
    mergeFunctions = Map.copyOf(mergeFunctions);
    Objects.requireNonNull(durability, "durability");
    Objects.requireNonNull(log, "log");
    checkRange("logSizeMaxBytes", logSizeMaxBytes, LOG_SIZE_LEAST_BYTES, Long.MAX_VALUE / 2);
    checkRange("heldLogMaxBytes", heldLogMaxBytes, 0, Long.MAX_VALUE / 2);
    checkRange("diskReserveBytes", diskReserveBytes, 0, Long.MAX_VALUE / 2);
  }

  /** {@return the budget, with the default worked out} */
  long budgetBytes() {
    return memoryBudgetBytes > 0 ? memoryBudgetBytes : memoryLimitBytes / 2;
  }

  /** {@return those that are for a store opened by its path} */
  DurableSettings durable() {
    return DurableSettings.defaults()
        .withDurability(durability)
        .withLog(log)
        .withLogSizeMaxBytes(logSizeMaxBytes)
        .withHeldLogMaxBytes(heldLogMaxBytes)
        .withDiskReserveBytes(diskReserveBytes);
  }

  /** {@return settings that are all defaults} */
  public static StoreConfig defaults() {
    return builder().build();
  }

  /** {@return a builder that starts from the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * {@return the settings that a text gives; those left out have their defaults}
   *
   * @param text {@code name=value}, separated by commas or line ends; blanks do not matter.
   *     Durations are as {@link Duration#parse} takes them, sizes are bytes.
   * @throws IllegalArgumentException if a setting is unknown, stands twice, or has a value that is
   *     malformed or out of its bounds; the message names it
   */
  public static StoreConfig parse(String text) {
    Builder builder = builder();
    Set<String> seen = new HashSet<>();
    for (String entry : SEPARATOR.splitAsStream(text).map(String::strip).toList()) {
      if (entry.isEmpty()) {
        continue;
      }
      int sign = entry.indexOf('=');
      String name = (sign < 0 ? entry : entry.substring(0, sign)).strip();
      if (sign < 0 || !seen.add(name)) {
        throw new IllegalArgumentException(
            "setting %s %s".formatted(name, sign < 0 ? "has no value" : "stands twice"));
      }
      builder.set(name, entry.substring(sign + 1).strip());
    }
    return builder.build();
  }

  /** {@return all settings but the merge functions, as {@link #parse} reads them} */
  @Override
  public String toString() {
    return "isolation="
        + isolation
        + (", onConflict=" + onConflict)
        + (", certification=" + certification)
        + (", memoryLimitBytes=" + memoryLimitBytes)
        + (", memoryBudgetBytes=" + memoryBudgetBytes)
        + (", keySizeMaxBytes=" + keySizeMaxBytes)
        + (", rowSizeMaxBytes=" + rowSizeMaxBytes)
        + (", transactionSizeMaxBytes=" + transactionSizeMaxBytes)
        + (", retention=" + retention)
        + (", retentionBytes=" + retentionBytes)
        + (", watchBacklogBytes=" + watchBacklogBytes)
        + (", transactionAgeMax=" + transactionAgeMax)
        + (", compactionRowsPerSecond=" + compactionRowsPerSecond)
        + (", durability=" + durability)
        + (", log=" + log)
        + (", logSizeMaxBytes=" + logSizeMaxBytes)
        + (", heldLogMaxBytes=" + heldLogMaxBytes)
        + (", diskReserveBytes=" + diskReserveBytes);
  }

  private static void checkRange(String setting, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s must be between %d and %d, but is %d".formatted(setting, least, most, value));
    }
  }

  private static void checkDuration(String setting, Duration value, Duration least) {
    Objects.requireNonNull(value, setting);
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
    private Certification certification = Certification.OCC;
    private long memoryLimitBytes = 4L << 30;
    private long memoryBudgetBytes;
    private int keySizeMaxBytes = 1_024;
    private long rowSizeMaxBytes = 16L << 20;
    private long transactionSizeMaxBytes = 512L << 20;
    private Duration retention = Duration.ZERO;
    private long retentionBytes = 1L << 30;
    private long watchBacklogBytes = 256L << 20;
    private Duration transactionAgeMax = Duration.ofHours(1);
    private long compactionRowsPerSecond = 500_000;
    private Durability durability = Durability.SYNC;
    private LogKind log = LogKind.ENGINE;
    private long logSizeMaxBytes = 512L << 20;
    private long heldLogMaxBytes = 4L << 30;
    private long diskReserveBytes = 256L << 20;
    private final Map<String, MergeFunction> mergeFunctions = new HashMap<>();

    private Builder() {}

    private void set(String name, String value) {
      try {
        switch (name) {
          case "isolation" -> isolation = IsolationLevel.valueOf(value);
          case "onConflict" -> onConflict = ConflictStrategy.valueOf(value);
          case "certification" -> certification = Certification.valueOf(value);
          case "memoryLimitBytes" -> memoryLimitBytes = Long.parseLong(value);
          case "memoryBudgetBytes" -> memoryBudgetBytes = Long.parseLong(value);
          case "keySizeMaxBytes" -> keySizeMaxBytes = Integer.parseInt(value);
          case "rowSizeMaxBytes" -> rowSizeMaxBytes = Long.parseLong(value);
          case "transactionSizeMaxBytes" -> transactionSizeMaxBytes = Long.parseLong(value);
          case "retention" -> retention = Duration.parse(value);
          case "retentionBytes" -> retentionBytes = Long.parseLong(value);
          case "watchBacklogBytes" -> watchBacklogBytes = Long.parseLong(value);
          case "transactionAgeMax" -> transactionAgeMax = Duration.parse(value);
          case "compactionRowsPerSecond" -> compactionRowsPerSecond = Long.parseLong(value);
          case "durability" -> durability = Durability.parse(value);
          case "log" -> log = LogKind.valueOf(value);
          case "logSizeMaxBytes" -> logSizeMaxBytes = Long.parseLong(value);
          case "heldLogMaxBytes" -> heldLogMaxBytes = Long.parseLong(value);
          case "diskReserveBytes" -> diskReserveBytes = Long.parseLong(value);
          default -> throw new IllegalArgumentException("it is unknown");
        }
      } catch (IllegalArgumentException | DateTimeParseException e) {
        throw new IllegalArgumentException(
            "setting %s=%s is refused: %s".formatted(name, value, e.getMessage()), e);
      }
    }

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

    /** Sets {@link StoreConfig#certification}. */
    public Builder certification(Certification value) {
      certification = value;
      return this;
    }

    /** Sets {@link StoreConfig#memoryLimitBytes}. */
    public Builder memoryLimitBytes(long value) {
      memoryLimitBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#memoryBudgetBytes}. */
    public Builder memoryBudgetBytes(long value) {
      memoryBudgetBytes = value;
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

    /** Sets {@link StoreConfig#retentionBytes}. */
    public Builder retentionBytes(long value) {
      retentionBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#watchBacklogBytes}. */
    public Builder watchBacklogBytes(long value) {
      watchBacklogBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#transactionAgeMax}. */
    public Builder transactionAgeMax(Duration value) {
      transactionAgeMax = value;
      return this;
    }

    /** Sets {@link StoreConfig#compactionRowsPerSecond}. */
    public Builder compactionRowsPerSecond(long value) {
      compactionRowsPerSecond = value;
      return this;
    }

    /** Sets {@link StoreConfig#durability}. */
    public Builder durability(Durability value) {
      durability = value;
      return this;
    }

    /** Sets {@link StoreConfig#log}. */
    public Builder log(LogKind value) {
      log = value;
      return this;
    }

    /** Sets {@link StoreConfig#logSizeMaxBytes}. */
    public Builder logSizeMaxBytes(long value) {
      logSizeMaxBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#heldLogMaxBytes}. */
    public Builder heldLogMaxBytes(long value) {
      heldLogMaxBytes = value;
      return this;
    }

    /** Sets {@link StoreConfig#diskReserveBytes}. */
    public Builder diskReserveBytes(long value) {
      diskReserveBytes = value;
      return this;
    }

    /**
     * Adds to {@link StoreConfig#mergeFunctions}.
     *
     * @throws IllegalArgumentException if the name is taken
     */
    public Builder mergeFunction(String name, MergeFunction function) {
      Objects.requireNonNull(function, "function");
      if (mergeFunctions.putIfAbsent(name, function) != null) {
        throw new IllegalArgumentException("there are two merge functions \"%s\"".formatted(name));
      }
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
          certification,
          memoryLimitBytes,
          memoryBudgetBytes,
          keySizeMaxBytes,
          rowSizeMaxBytes,
          transactionSizeMaxBytes,
          retention,
          retentionBytes,
          watchBacklogBytes,
          transactionAgeMax,
          compactionRowsPerSecond,
          durability,
          log,
          logSizeMaxBytes,
          heldLogMaxBytes,
          diskReserveBytes,
          mergeFunctions);
    }
  }
}
