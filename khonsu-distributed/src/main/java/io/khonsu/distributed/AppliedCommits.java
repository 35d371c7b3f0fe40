package io.khonsu.distributed;

import com.google.errorprone.annotations.MustBeClosed;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The commits that a node has applied, but for those that a base stands for: the newest in memory,
 * until the next write takes them along to the disk. The disk may have some that are still to be
 * applied again after a restart. The event loop adds to them, and never waits for who reads but
 * while references are copied.
 */
final class AppliedCommits implements ReplicatedHistory {
  /**
   * What entries have changed, by group, generation and the version of the last commit of each. A
   * snapshot that is fetched is a new generation, which counts once it is installed.
   */
  static final String COMMITS = "commits";

  /** The record of {@link #hold}, among those of the consensus. */
  private static final byte HOLD = 'h';

  private static final long NOTHING = Long.MAX_VALUE;

  private final ClusterConfig config;
  private final KeyValueStore disk;

  /** What entries have changed, which is not on disk yet; versions ascend. */
  @GuardedBy("this")
  private final List<Applied> recent = new ArrayList<>();

  @GuardedBy("this")
  private long recentBytes;

  /** The one that counts. */
  private volatile long generation;

  private volatile long firstVersion;
  private volatile long lastVersion;

  /** The version of the newest base that there was here. */
  private volatile long trimmedVersion;

  /** Held to change what is held, which takes a write, and to trim. */
  private final Object holding = new Object();

  /** Commits after this version are kept for who archives them. */
  private volatile long heldAfter = NOTHING;

  /** What the commits take in a snapshot; event loop only. */
  private long sizeBytes;

  /**
   * What an entry has changed.
   *
   * @param changes at least one; versions ascend
   */
  private record Applied(long index, List<AppliedEntry.Change> changes) {
    private long lastVersion() {
      return changes.getLast().commit().version();
    }

    private long sizeBytes() {
      long sizeBytes = 0;
      for (AppliedEntry.Change change : changes) {
        sizeBytes += AppliedCommits.sizeBytes(change.commit().sizeBytes());
      }
      return sizeBytes;
    }
  }

  AppliedCommits(ClusterConfig config, KeyValueStore disk) {
    this.config = config;
    this.disk = disk;
  }

  /** Finds out whether commits were held when the node ended; nothing else is known yet. */
  void load() throws IOException {
    byte[] hold = disk.get(ConsensusLog.RECORDS, holdKey());
    if (hold != null && hold.length != Long.BYTES) {
      throw new DamagedStorageException("a hold of commits has %d bytes".formatted(hold.length));
    }
    heldAfter = hold == null ? NOTHING : ByteBuffer.wrap(hold).getLong();
  }

  /** Adds what an entry has changed; {@return how much that is} */
  synchronized long add(long index, List<AppliedEntry.Change> changes) {
    if (changes.isEmpty()) {
      return 0;
    }
    Applied applied = new Applied(index, changes);
    long added = applied.sizeBytes();
    recent.add(applied);
    if (firstVersion == 0) {
      firstVersion = changes.getFirst().commit().version();
    }
    lastVersion = applied.lastVersion();
    sizeBytes += added;
    recentBytes += added;
    return added;
  }

  /** {@return what a commit takes in a snapshot that has so many bytes, encoded} */
  static long sizeBytes(int commitBytes) {
    return Integer.BYTES + (long) commitBytes;
  }

  /** Adds what is not on disk to a write; {@return of how many entries that is} */
  synchronized int write(KeyValueBatch batch) {
    for (Applied applied : recent) {
      write(AppliedEntry.of(applied.index, applied.changes), generation, batch);
    }
    return recent.size();
  }

  /** Adds a commit of a snapshot that is fetched to a write. */
  void write(LogRecord commit, long itsGeneration, KeyValueBatch batch) {
    List<AppliedEntry.Commit> alone = List.of(new AppliedEntry.Made(commit));
    write(new AppliedEntry(AppliedEntry.NO_ENTRY, alone), itsGeneration, batch);
  }

  private void write(AppliedEntry entry, long itsGeneration, KeyValueBatch batch) {
    batch.put(COMMITS, key(itsGeneration, entry.lastVersion()), entry.encode());
  }

  /** Adds to a write that the commits go of a snapshot that was never installed. */
  void drop(long itsGeneration, KeyValueBatch batch) {
    batch.deleteRange(COMMITS, key(itsGeneration, 0), key(itsGeneration + 1, 0));
  }

  /** Drops what was not finished when the node ended. */
  void dropUnfinished() throws IOException {
    byte[] from = key(generation + 1, 0);
    byte[] to = key(Long.MAX_VALUE, 0);
    boolean isUnfinished;
    try (KeyValueStore.Cursor after = disk.cursor(COMMITS, from, to)) {
      isUnfinished = after.next();
    }
    if (isUnfinished) {
      disk.write(new KeyValueBatch().deleteRange(COMMITS, from, to), Sync.WRITTEN);
    }
  }

  /** Says that the oldest {@code count} of those that were not on disk are there. */
  synchronized void written(int count) {
    List<Applied> written = recent.subList(0, count);
    for (Applied applied : written) {
      recentBytes -= applied.sizeBytes();
    }
    written.clear();
  }

  /** {@return what those take that are not on disk} */
  synchronized long recentBytes() {
    return recentBytes;
  }

  /** {@return what a checkpoint says of the commits, and of the entries that are kept for them} */
  Checkpoint.Commits kept(long entryBytes) {
    return new Checkpoint.Commits(generation, sizeBytes, entryBytes);
  }

  /** {@return what all commits take in a snapshot, their lengths included} */
  long sizeBytes() {
    return sizeBytes;
  }

  /** {@return the version of the first commit that there ever was, or 0} */
  long firstVersion() {
    return firstVersion;
  }

  /** {@return whether all commits up to a version are on disk} */
  synchronized boolean areOnDisk(long version) {
    return recent.isEmpty() || recent.getFirst().changes().getFirst().commit().version() > version;
  }

  /** {@return whether nobody needs the commits up to a version} */
  boolean mayTrim(long version) {
    return version <= heldAfter;
  }

  /**
   * Frees the disk of those up to a version, as a checkpoint on the medium does without them; who
   * reads must have been told before.
   */
  void reclaim(long version) throws IOException {
    disk.reclaim(COMMITS, key(0, 0), key(generation, version + 1));
  }

  /**
   * Says that those up to a version, which take {@code trimmedBytes}, are not kept any more, as a
   * base stands for them.
   *
   * @return false if somebody needs them: nothing was changed
   */
  boolean trimmed(long version, long trimmedBytes) {
    synchronized (holding) {
      if (version > heldAfter) {
        return false;
      }
      trimmedVersion = Math.max(trimmedVersion, version);
    }
    sizeBytes -= trimmedBytes;
    return true;
  }

  /**
   * Says that those up to a version are not kept any more, as the base of another node stands for
   * them, and not all of them may ever have been here.
   *
   * @return whether somebody needs them
   */
  boolean replaced(long version) {
    synchronized (holding) {
      trimmedVersion = Math.max(trimmedVersion, version);
      return version > heldAfter;
    }
  }

  /** Begins anew, with what a checkpoint stands for. */
  synchronized void restart(Checkpoint checkpoint) {
    recent.clear();
    recentBytes = 0;
    firstVersion = checkpoint.firstVersion();
    lastVersion = checkpoint.newestVersion();
    trimmedVersion = Math.max(trimmedVersion, checkpoint.base().version());
    generation = checkpoint.commits().generation();
    sizeBytes = checkpoint.commits().sizeBytes();
  }

  @Override
  public void read(long afterVersion, Receiver receiver) throws IOException {
    while (!readOnce(afterVersion, receiver)) {
      // a snapshot was installed just then, and what was to be read is gone: what it stands for
    }
  }

  /** {@return whether there was what had to be read, when it began to be read} */
  private boolean readOnce(long afterVersion, Receiver receiver) throws IOException {
    // Taken first: what goes to the disk meanwhile is then in both, and nothing in neither.
    long begun = generation;
    long last = lastVersion;
    List<CommittedTransaction> behind = recentAfter(afterVersion);
    long end = behind.isEmpty() ? last + 1 : behind.getFirst().version();
    long read = afterVersion;
    try (CommitCursor commits = cursor(afterVersion, Math.max(afterVersion, end - 1))) {
      checkKept(afterVersion); // once the cursor keeps what it shows
      if (generation != begun) {
        return false;
      }
      while (commits.next()) {
        LogRecord record = record(commits, read);
        receiver.accept(record);
        read = record.version();
      }
    }
    for (CommittedTransaction commit : behind) {
      receiver.accept(commit.record());
    }
    return true;
  }

  private LogRecord record(CommitCursor commits, long read) throws IOException {
    try {
      return commits.record();
    } catch (DamagedStorageException e) {
      checkKept(read); // the entry may have gone meanwhile
      throw e;
    }
  }

  private void checkKept(long afterVersion) {
    if (afterVersion < trimmedVersion) {
      throw new IllegalArgumentException(
          "commits after version %d were asked for, those up to %d are not kept any more"
              .formatted(afterVersion, trimmedVersion));
    }
  }

  /** {@return a cursor over the commits on disk after a version, up to another} */
  @MustBeClosed
  CommitCursor cursor(long afterVersion, long upTo) throws IOException {
    return new CommitCursor(disk, config.group(), generation, afterVersion, upTo);
  }

  private synchronized List<CommittedTransaction> recentAfter(long version) {
    int from = 0;
    for (int to = recent.size(); from < to; ) { // the first one after it, by halving
      int middle = (from + to) >>> 1;
      if (recent.get(middle).lastVersion() <= version) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    List<CommittedTransaction> after = new ArrayList<>();
    for (Applied applied : recent.subList(from, recent.size())) {
      for (AppliedEntry.Change change : applied.changes) {
        if (change.commit().version() > version) {
          after.add(change.commit());
        }
      }
    }
    return after;
  }

  @Override
  public long trimmedVersion() {
    return trimmedVersion;
  }

  @Override
  public long lastVersion() {
    return lastVersion;
  }

  /** {@return the same: what is applied was decided, and is on the disks of a majority} */
  @Override
  public long syncedVersion() {
    return lastVersion;
  }

  /**
   * {@return the number of the cluster, and the version of the first commit: when that was drawn,
   * no other cluster of this number was begun}
   */
  @Override
  public Optional<UUID> id() {
    long first = firstVersion;
    return first == 0 ? Optional.empty() : Optional.of(new UUID(config.clusterId(), first));
  }

  @Override
  public void hold(long afterVersion) throws IOException {
    byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(afterVersion).array();
    synchronized (holding) {
      if (heldAfter == afterVersion) {
        return; // it is on the disk
      }
      disk.write(new KeyValueBatch().put(ConsensusLog.RECORDS, holdKey(), value), Sync.SYNCED);
      heldAfter = afterVersion;
    }
  }

  @Override
  public boolean isHeld() {
    return heldAfter != NOTHING;
  }

  @Override
  public void release() throws IOException {
    synchronized (holding) {
      if (heldAfter != NOTHING) {
        disk.write(new KeyValueBatch().delete(ConsensusLog.RECORDS, holdKey()), Sync.SYNCED);
        heldAfter = NOTHING;
      }
    }
  }

  /** {@return the key of what ends with a commit, on disk} */
  private byte[] key(long itsGeneration, long version) {
    return key(config.group(), itsGeneration, version);
  }

  /** {@return the same, of a group} */
  static byte[] key(long group, long generation, long version) {
    ByteBuffer key = ByteBuffer.allocate(3 * Long.BYTES).putLong(group);
    return key.putLong(generation).putLong(version).array();
  }

  private byte[] holdKey() {
    return ByteBuffer.allocate(Long.BYTES + 1).putLong(config.group()).put(HOLD).array();
  }
}
