package io.khonsu.backup;

import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A replica of a store: what it has applied is on disk elsewhere too, and is never taken back. */
record ReplicaSource(ReplicatedHistory commits) implements ArchiverSource {
  @Override
  public @Nullable Timeline timeline(ArchiveStore archive, Instant now) throws IOException {
    Optional<UUID> id = commits.id();
    return id.isEmpty() ? null : Timelines.of(archive, id.get(), null, now);
  }

  @Override
  public void sync() {}

  @Override
  public void confirm(long version) {}

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
