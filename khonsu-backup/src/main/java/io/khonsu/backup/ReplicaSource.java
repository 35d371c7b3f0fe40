package io.khonsu.backup;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A replica of a store: what it has applied is on disk elsewhere too, and is never taken back. It
 * keeps what is not yet archived.
 */
final class ReplicaSource implements ArchiverSource {
  private static final long NOTHING = -1;

  private final ReplicatedHistory commits;

  /** After which version the replica keeps all. */
  @GuardedBy("this")
  private long held = NOTHING;

  /** Whether it kept something for an archive when it was started. */
  private final boolean wasHeld;

  ReplicaSource(ReplicatedHistory commits) {
    this.commits = commits;
    this.wasHeld = commits.isHeld();
  }

  @Override
  public ReplicatedHistory commits() {
    return commits;
  }

  @Override
  public synchronized @Nullable Timeline timeline(ArchiveStore archive, Instant now)
      throws IOException {
    held = commits.trimmedVersion();
    commits.hold(held); // also if the archive cannot be reached
    Optional<UUID> id = commits.id();
    return id.isEmpty() ? null : Timelines.of(archive, id.get(), null, now);
  }

  @Override
  public void sync() {}

  @Override
  public synchronized void confirm(long version) throws IOException {
    if (version > held) {
      commits.hold(version);
      held = version;
    }
  }

  @Override
  public synchronized void letGo(boolean isEmpty) throws IOException {
    if (!isEmpty || !wasHeld) {
      commits.release();
      held = NOTHING;
    }
  }

  @Override
  public boolean hasLetGo() {
    return false;
  }

  @Override
  public BaseBackup createBase(
      ArchiveStore archive, InstantSource clock, String label, BackupProgress progress) {
    throw new UnsupportedOperationException(
        "a base of a replica is made of what is archived: use Backups.createBase");
  }
}
