package io.khonsu.distributed;

import io.khonsu.consensus.DurableState;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Metadata;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.wire.WireFormat;
import io.khonsu.consensus.wire.WireFormatException;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a group's consensus remembers, in a key-value store: the entries under group and index, and
 * beside them two records. Not thread-safe.
 */
final class ConsensusLog {
  /** Entries, by group and index. */
  static final String ENTRIES = "log";

  /** The two records, by group and name; and that of {@link AppliedCommits#hold}. */
  static final String RECORDS = "consensus";

  private static final byte METADATA = 'm';
  private static final byte INDICES = 'i';

  private final long group;

  /** The first entry that counts, and how many there are, those before it included. */
  private long start;

  /** The first one that counts by what was written. */
  private long writtenStart;

  private long end;
  private long snapshotIndex;

  ConsensusLog(long group) {
    this.group = group;
  }

  /**
   * {@return what is there, or null if there is nothing}
   *
   * @param checkpointIndex how many entries the newest checkpoint stands for, or 0: these are
   *     decided, whether or not that was recorded here
   * @throws DamagedStorageException if it is not what was written
   */
  @Nullable DurableState load(KeyValueStore disk, long checkpointIndex) throws IOException {
    byte[] metadata = disk.get(RECORDS, recordKey(METADATA));
    byte[] indices = disk.get(RECORDS, recordKey(INDICES));
    if (metadata == null && indices == null) {
      return null;
    }
    if (metadata == null || indices == null || indices.length != 3 * Long.BYTES) {
      throw new DamagedStorageException("the records of group %d are cut off".formatted(group));
    }
    ByteBuffer fields = ByteBuffer.wrap(indices);
    long decided = Math.max(fields.getLong(), checkpointIndex);
    start = fields.getLong();
    writtenStart = start;
    snapshotIndex = Math.max(fields.getLong(), checkpointIndex);
    try {
      Metadata read = WireFormat.readMetadata(ByteBuffer.wrap(metadata));
      List<Entries> entries = loadEntries(disk);
      return new DurableState(read, decided, start, snapshotIndex, entries);
    } catch (WireFormatException | IllegalArgumentException e) {
      DamagedStorageException damage =
          new DamagedStorageException(
              "the log of group %d is damaged: %s".formatted(group, e.getMessage()));
      damage.initCause(e);
      throw damage;
    }
  }

  private List<Entries> loadEntries(KeyValueStore disk) throws IOException {
    List<Entries> entries = new ArrayList<>();
    end = start;
    try (KeyValueStore.Cursor cursor = disk.cursor(ENTRIES, key(start), key(Long.MAX_VALUE))) {
      while (cursor.next()) {
        long index = ByteBuffer.wrap(cursor.key()).getLong(Long.BYTES);
        if (index != end) {
          throw new DamagedStorageException(
              "entry %d of group %d is missing".formatted(end, group));
        }
        entries.add(WireFormat.readEntries(ByteBuffer.wrap(cursor.value())));
        end++;
      }
    }
    return entries;
  }

  /** Adds a write to a batch. */
  void add(Persist persist, KeyValueBatch batch) {
    if (persist.install() != null) {
      snapshotIndex = persist.install().index();
    }
    start = Math.max(start, persist.trimTo());
    if (persist.appendAt() < end) {
      batch.deleteRange(ENTRIES, key(persist.appendAt()), key(end));
    }
    end = persist.appendAt(); // beyond the old end only behind a snapshot
    for (Entries run : persist.append()) {
      for (int i = 0; i < run.count(); i++) {
        batch.put(ENTRIES, key(end++), WireFormat.parts(run.slice(i, i + 1)));
      }
    }
    Metadata metadata = persist.metadata();
    if (metadata != null) {
      batch.put(RECORDS, recordKey(METADATA), WireFormat.write(metadata));
    }
    ByteBuffer indices = ByteBuffer.allocate(3 * Long.BYTES);
    indices.putLong(persist.decidedIndex()).putLong(start).putLong(snapshotIndex);
    batch.put(RECORDS, recordKey(INDICES), indices.array());
  }

  /** Notes that all that was added to batches is written. */
  void written() {
    writtenStart = start;
  }

  /**
   * Frees the disk of what does not count any more, once all that was written is synced.
   *
   * @param keptFrom the first entry that somebody else needs
   */
  void reclaim(KeyValueStore disk, long keptFrom) throws IOException {
    disk.reclaim(ENTRIES, key(0), key(Math.min(writtenStart, keptFrom)));
  }

  /** Notes that a checkpoint stands for so many entries; recorded with the next write. */
  void snapshotTaken(long index) {
    snapshotIndex = index;
  }

  private byte[] key(long index) {
    return key(group, index);
  }

  /** {@return the key of an entry on disk} */
  static byte[] key(long group, long index) {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(group).putLong(index).array();
  }

  private byte[] recordKey(byte name) {
    return ByteBuffer.allocate(Long.BYTES + 1).putLong(group).put(name).array();
  }

  /** {@return the spaces that a node's storage must have} */
  static List<String> spaces() {
    return List.of(ENTRIES, RECORDS, AppliedCommits.COMMITS, Bases.BASES, Checkpoints.CHECKPOINTS);
  }
}
