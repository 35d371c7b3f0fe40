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
  /** Commits, by group and version; and under the group alone the version of {@link #hold}. */
  static final String COMMITS = "commits";

  private static final long NOTHING = Long.MAX_VALUE;

  private final ClusterConfig config;
  private final KeyValueStore disk;

  /** Not on disk yet; versions ascend. */
  @GuardedBy("this")
  private final List<LogRecord> recent = new ArrayList<>();

  @GuardedBy("this")
  private long recentBytes;

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

  AppliedCommits(ClusterConfig config, KeyValueStore disk) {
    this.config = config;
    this.disk = disk;
  }

  /** Finds out whether commits were held when the node ended. */
  void load() throws IOException {
    byte[] hold = disk.get(COMMITS, holdKey());
    if (hold != null && hold.length != Long.BYTES) {
      throw new DamagedStorageException("a hold of commits has %d bytes".formatted(hold.length));
    }
    heldAfter = hold == null ? NOTHING : ByteBuffer.wrap(hold).getLong();
  }

  /** Adds what an entry has changed; {@return how much that is} */
  synchronized long add(List<CommittedTransaction> commits) {
    long added = 0;
    for (CommittedTransaction commit : commits) {
      LogRecord record = commit.record();
      recent.add(record);
      added += sizeBytes(record.bytes());
      if (firstVersion == 0) {
        firstVersion = commit.version();
      }
      lastVersion = commit.version();
    }
    sizeBytes += added;
    recentBytes += added;
    return added;
  }

  /** {@return what a commit takes in a snapshot} */
  static long sizeBytes(byte[] commit) {
    return Integer.BYTES + (long) commit.length;
  }

  /** Adds those that are not on disk to a write; {@return how many} */
  synchronized int write(KeyValueBatch batch) {
    for (LogRecord commit : recent) {
      write(commit, batch);
    }
    return recent.size();
  }

  /** Adds a commit to a write. */
  void write(LogRecord commit, KeyValueBatch batch) {
    batch.put(COMMITS, key(commit.version()), commit.bytes());
  }

  /** Says that the oldest {@code count} of those that were not on disk are there. */
  synchronized void written(int count) {
    List<LogRecord> written = recent.subList(0, count);
    for (LogRecord commit : written) {
      recentBytes -= sizeBytes(commit.bytes());
    }
    written.clear();
  }

  /** {@return what those take that are not on disk} */
  synchronized long recentBytes() {
    return recentBytes;
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
    return recent.isEmpty() || recent.getFirst().version() > version;
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
    disk.reclaim(COMMITS, key(0), key(version + 1));
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
    sizeBytes = checkpoint.commitBytes();
  }

  @Override
  public void read(long afterVersion, Receiver receiver) throws IOException {
    // Taken first: what goes to the disk meanwhile is then in both, and nothing in neither.
    long last = lastVersion;
    List<LogRecord> behind = recentAfter(afterVersion);
    long end = behind.isEmpty() ? last + 1 : behind.getFirst().version();
    try (KeyValueStore.Cursor commits = cursor(afterVersion, Math.max(afterVersion, end - 1))) {
      if (afterVersion < trimmedVersion) { // asked once the cursor keeps what it shows
        throw new IllegalArgumentException(
            "commits after version %d were asked for, those up to %d are not kept any more"
                .formatted(afterVersion, trimmedVersion));
      }
      while (commits.next()) {
        receiver.accept(new LogRecord(version(commits), commits.value()));
      }
    }
    for (LogRecord record : behind) {
      receiver.accept(record);
    }
  }

  /** {@return a cursor over the commits on disk after a version, up to another} */
  @MustBeClosed
  KeyValueStore.Cursor cursor(long afterVersion, long upTo) throws IOException {
    return disk.cursor(COMMITS, key(afterVersion + 1), key(upTo + 1));
  }

  private synchronized List<LogRecord> recentAfter(long version) {
    int from = 0;
    for (int to = recent.size(); from < to; ) { // the first one after it, by halving
      int middle = (from + to) >>> 1;
      if (recent.get(middle).version() <= version) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return List.copyOf(recent.subList(from, recent.size()));
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
      disk.write(new KeyValueBatch().put(COMMITS, holdKey(), value), Sync.SYNCED);
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
        disk.write(new KeyValueBatch().delete(COMMITS, holdKey()), Sync.SYNCED);
        heldAfter = NOTHING;
      }
    }
  }

  private static long version(KeyValueStore.Cursor commits) {
    return ByteBuffer.wrap(commits.key()).getLong(Long.BYTES);
  }

  /** {@return the key of a commit on disk} */
  private byte[] key(long version) {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(config.group()).putLong(version).array();
  }

  private byte[] holdKey() {
    return ByteBuffer.allocate(Long.BYTES).putLong(config.group()).array();
  }
}
