package io.khonsu.distributed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * All commits that a node has applied: the newest in memory, until the next write takes them along
 * to the disk. The disk may have some that are still to be applied again after a restart. The event
 * loop adds to them, and never waits for who reads but while references are copied.
 */
final class AppliedCommits implements ReplicatedHistory {
  private final ClusterConfig config;
  private final KeyValueStore disk;

  /** Not on disk yet; versions ascend. */
  @GuardedBy("this")
  private final List<LogRecord> recent = new ArrayList<>();

  private volatile long lastVersion;

  /** What all commits take in a snapshot; event loop only. */
  private long sizeBytes;

  AppliedCommits(ClusterConfig config, KeyValueStore disk) {
    this.config = config;
    this.disk = disk;
  }

  /** Adds what an entry has changed. */
  synchronized void add(List<CommittedTransaction> commits) {
    for (CommittedTransaction commit : commits) {
      LogRecord record = commit.record();
      recent.add(record);
      sizeBytes += Integer.BYTES + record.bytes().length;
      lastVersion = commit.version();
    }
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
    batch.put(Checkpoints.COMMITS, key(commit.version()), commit.bytes());
  }

  /** Says that the oldest {@code count} of those that were not on disk are there. */
  synchronized void written(int count) {
    recent.subList(0, count).clear();
  }

  /** {@return what all commits take in a snapshot, their lengths included} */
  long sizeBytes() {
    return sizeBytes;
  }

  /** Begins anew, with what a checkpoint stands for. */
  synchronized void restart(Checkpoint checkpoint) {
    recent.clear();
    lastVersion = checkpoint.newestVersion();
    sizeBytes = checkpoint.commitBytes();
  }

  @Override
  public void read(long afterVersion, Receiver receiver) throws IOException {
    // Taken first: what goes to the disk meanwhile is then in both, and nothing in neither.
    long last = lastVersion;
    List<LogRecord> behind = recentAfter(afterVersion);
    long end = behind.isEmpty() ? last + 1 : behind.getFirst().version();
    try (KeyValueStore.Cursor commits =
        disk.cursor(
            Checkpoints.COMMITS, key(afterVersion + 1), key(Math.max(afterVersion + 1, end)))) {
      while (commits.next()) {
        receiver.accept(new LogRecord(version(commits), commits.value()));
      }
    }
    for (LogRecord record : behind) {
      receiver.accept(record);
    }
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

  /** {@return always 0: a node keeps all commits, and fetches all of them with a snapshot} */
  @Override
  public long trimmedVersion() {
    return 0;
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
  public Optional<UUID> id() throws IOException {
    List<LogRecord> behind = recentAfter(0);
    try (KeyValueStore.Cursor commits =
        disk.cursor(Checkpoints.COMMITS, key(0), key(Long.MAX_VALUE))) {
      if (commits.next()) {
        return Optional.of(id(version(commits)));
      }
    }
    return behind.stream().findFirst().map(first -> id(first.version()));
  }

  private UUID id(long firstVersion) {
    return new UUID(config.clusterId(), firstVersion);
  }

  private static long version(KeyValueStore.Cursor commits) {
    return ByteBuffer.wrap(commits.key()).getLong(Long.BYTES);
  }

  /** {@return the key of a commit on disk} */
  byte[] key(long version) {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(config.group()).putLong(version).array();
  }
}
