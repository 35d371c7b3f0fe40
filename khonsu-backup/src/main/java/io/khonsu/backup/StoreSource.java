package io.khonsu.backup;

import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.LogHold;
import io.khonsu.spi.CommitHistory;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;

/** A store on disk. Its log keeps what is not yet archived. */
final class StoreSource implements ArchiverSource {
  private final DurableStorage storage;
  private final Timeline timeline;
  private final LogHold hold;

  /**
   * Finds or begins the timeline of a store, and from here on holds its log.
   *
   * @throws ForeignArchiveException if the archive is that of another store
   */
  StoreSource(DurableStorage storage, ArchiveStore archive, Instant now) throws IOException {
    this.storage = storage;
    UUID store = UUID.fromString(storage.id().toString());
    Timelines.Origin origin = Timelines.Origin.in(storage.directory());
    this.timeline = Timelines.of(archive, store, origin, now);
    this.hold = storage.holdLog(Archiver.HOLD, storage.log().trimmedVersion());
  }

  @Override
  public CommitHistory commits() {
    return storage.log();
  }

  @Override
  public Timeline timeline(ArchiveStore archive, Instant now) {
    return timeline;
  }

  @Override
  public void sync() throws IOException {
    storage.sync(); // where commits do not sync
  }

  @Override
  public void confirm(long version) throws IOException {
    if (version > hold.version()) {
      hold.confirm(version);
    }
  }

  @Override
  public void letGo(boolean isEmpty) {} // its log has a limit for what it keeps

  @Override
  public boolean hasLetGo() {
    return hold.isBroken();
  }

  @Override
  public BaseBackup createBase(
      ArchiveStore archive, InstantSource clock, String label, BackupProgress progress)
      throws IOException {
    return new BaseTaking(archive, timeline, clock).take(storage, label, progress);
  }
}
