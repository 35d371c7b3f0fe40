package io.khonsu.durable;

import java.io.IOException;

/**
 * Keeps the log from being trimmed beyond what its user has made safe elsewhere. It is remembered
 * when the store is closed, until it is {@link #release}d: so an archive that is taken up again
 * misses nothing. Thread-safe.
 */
public final class LogHold {
  private final String name;
  private final LogHolds holds;
  private volatile long version;
  private volatile boolean broken;

  LogHold(String name, LogHolds holds, long version) {
    this.name = name;
    this.holds = holds;
    this.version = version;
  }

  /** {@return the name of its user} */
  public String name() {
    return name;
  }

  /** {@return the version up to which its user needs the log no more} */
  public long version() {
    return version;
  }

  /**
   * {@return whether the log had to be trimmed all the same, as it held back more bytes than the
   * limit: take a new base backup, and {@link #confirm} its version}
   */
  public boolean isBroken() {
    return broken;
  }

  /** Says that the log is needed only after a version, which must not be older than before. */
  public void confirm(long upToVersion) throws IOException {
    if (upToVersion < version) {
      throw new IllegalArgumentException(
          "hold \"%s\" is at version %d, it cannot go back to %d"
              .formatted(name, version, upToVersion));
    }
    version = upToVersion;
    broken = false;
    holds.remember(this);
  }

  /** Ends it for good. */
  public void release() throws IOException {
    holds.forget(this);
  }

  void breakAt(long trimmedVersion) {
    broken = broken || trimmedVersion > version;
  }
}
