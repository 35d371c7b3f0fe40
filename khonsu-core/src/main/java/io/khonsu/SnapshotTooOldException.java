package io.khonsu;

/**
 * History that a snapshot needs is outside the retention window, or the transaction grew too old.
 */
public final class SnapshotTooOldException extends TransactionAbortedException {
  private static final long serialVersionUID = 1L;

  private final long version;
  private final long oldestVersion;

  SnapshotTooOldException(long version, long oldestVersion) {
    super(
        "version %d is too old, the oldest available is %d".formatted(version, oldestVersion),
        null);
    this.version = version;
    this.oldestVersion = oldestVersion;
  }

  /** {@return the version that was asked for} */
  long version() {
    return version;
  }

  /** {@return the oldest version that can be read now} */
  public long oldestVersion() {
    return oldestVersion;
  }
}
