package io.khonsu.backup;

import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/** A replica that has applied the beginning of a log, all of it at first. Thread-safe. */
final class TestReplica implements ReplicatedHistory {
  private final TestLog log;
  private final UUID id;
  private volatile long applied;
  private volatile long trimmed;
  private volatile long heldAfter = Long.MAX_VALUE;
  private volatile boolean failing;

  TestReplica(TestLog log, UUID id) {
    this.log = log;
    this.id = id;
    this.applied = log.lastVersion();
  }

  /** From here on it has applied up to this version. */
  void apply(long upToVersion) {
    applied = upToVersion;
  }

  /** From here on reading from it fails, for no reason that an archiver knows. */
  void fail() {
    failing = true;
  }

  /** From here on it has none up to this version. */
  void letGo(long upToVersion) {
    trimmed = upToVersion;
  }

  @Override
  public Optional<UUID> id() {
    return applied == 0 ? Optional.empty() : Optional.of(id);
  }

  @Override
  public void read(long afterVersion, Receiver receiver) throws IOException {
    if (failing) {
      throw new IllegalStateException("it is a test");
    }
    if (afterVersion < trimmed) {
      throw new IllegalArgumentException("%d was let go of".formatted(afterVersion));
    }
    log.read(
        afterVersion,
        record -> {
          if (record.version() <= applied) {
            receiver.accept(record);
          }
        });
  }

  @Override
  public long trimmedVersion() {
    return Math.max(trimmed, log.trimmedVersion());
  }

  @Override
  public void hold(long afterVersion) {
    heldAfter = afterVersion;
  }

  @Override
  public boolean isHeld() {
    return heldAfter != Long.MAX_VALUE;
  }

  @Override
  public void release() {
    heldAfter = Long.MAX_VALUE;
  }

  /** {@return after which version all commits are to be kept} */
  long heldAfter() {
    return heldAfter;
  }

  @Override
  public long lastVersion() {
    return applied;
  }

  @Override
  public long syncedVersion() {
    return applied;
  }
}
