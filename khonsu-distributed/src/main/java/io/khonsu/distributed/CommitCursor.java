package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.wire.WireFormat;
import io.khonsu.consensus.wire.WireFormatException;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Commits of a generation on a disk, in the order of their versions: what an {@link AppliedEntry}
 * has, or the entry that it speaks of. Later writes do not change what it shows; an entry may be
 * freed as long as none was asked for. Not thread-safe; close it.
 */
final class CommitCursor implements AutoCloseable {
  private final KeyValueStore disk;
  private final long group;
  private final long upTo;

  /** By the version of the last commit of each. */
  private final KeyValueStore.Cursor applied;

  private KeyValueStore.@Nullable Cursor log;
  private long logIndex;
  private LogEntry.@Nullable Batch batch;
  private long index = AppliedEntry.NO_ENTRY;
  private Iterator<AppliedEntry.Commit> commits = List.<AppliedEntry.Commit>of().iterator();
  private AppliedEntry.@Nullable Commit commit;
  private long version;

  /** Begins after a version. */
  @SuppressWarnings("MustBeClosedChecker") // closed with this
  CommitCursor(KeyValueStore disk, long group, long generation, long afterVersion, long upTo)
      throws IOException {
    this.disk = disk;
    this.group = group;
    this.version = afterVersion;
    this.upTo = upTo;
    this.applied =
        disk.cursor(
            AppliedCommits.COMMITS,
            AppliedCommits.key(group, generation, afterVersion + 1),
            AppliedCommits.key(group, generation, Long.MAX_VALUE));
  }

  /**
   * Keeps the entries from one on: none that is there now can be missing then.
   *
   * @param fromIndex that of the first commit, or an earlier one
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with this
  void keepEntries(long fromIndex) throws IOException {
    log =
        disk.cursor(
            ConsensusLog.ENTRIES,
            ConsensusLog.key(group, fromIndex),
            ConsensusLog.key(group, Long.MAX_VALUE));
    logIndex = fromIndex - 1;
  }

  /** Moves to the next commit; {@return whether there is one} */
  boolean next() throws IOException {
    commit = null;
    while (version < upTo) {
      if (commits.hasNext()) {
        AppliedEntry.Commit next = commits.next();
        if (next.version() > version) { // the first of an entry may not be asked for
          version = next.version();
          commit = next;
          return version <= upTo;
        }
      } else if (applied.next()) {
        AppliedEntry entry = AppliedEntry.decode(applied.value());
        index = entry.index();
        commits = entry.commits().iterator();
      } else {
        return false;
      }
    }
    return false;
  }

  /**
   * {@return the index of the entry that the commit is in; {@link AppliedEntry#NO_ENTRY} if none}
   */
  long index() {
    return current() instanceof AppliedEntry.Asked ? index : AppliedEntry.NO_ENTRY;
  }

  /** {@return the size of the commit, encoded} */
  int sizeBytes() {
    return current().sizeBytes();
  }

  /** {@return the commit, decoded} */
  CommittedTransaction commit() throws IOException {
    return current() instanceof AppliedEntry.Made made
        ? TransactionCodec.decode(made.record().bytes())
        : asked();
  }

  /** {@return the commit, encoded} */
  LogRecord record() throws IOException {
    return current() instanceof AppliedEntry.Made made ? made.record() : asked().record();
  }

  private AppliedEntry.Commit current() {
    AppliedEntry.Commit found = commit;
    if (found == null) {
      throw new IllegalStateException("there is no commit here");
    }
    return found;
  }

  private CommittedTransaction asked() throws IOException {
    LogEntry.Batch entry = entry();
    long position = version - entry.firstVersion();
    if (position < 0
        || position >= entry.submissions().size()
        || !(entry.submissions().get((int) position) instanceof Submission.Commit asked)) {
      throw damaged("does not have commit " + version, null);
    }
    CommittedTransaction found = ReplicatedStore.asked(version, asked.commitId(), asked.request());
    if (found.sizeBytes() != sizeBytes()) {
      throw damaged(
          "has commit %d in %d bytes, not in %d".formatted(version, found.sizeBytes(), sizeBytes()),
          null);
    }
    return found;
  }

  private LogEntry.Batch entry() throws IOException {
    if (log == null) {
      keepEntries(index);
    }
    if (logIndex < index || batch == null) {
      batch = read(Objects.requireNonNull(log));
    }
    return batch;
  }

  private LogEntry.Batch read(KeyValueStore.Cursor entries) throws IOException {
    while (logIndex < index && entries.next()) {
      logIndex = ByteBuffer.wrap(entries.key()).getLong(Long.BYTES);
    }
    if (logIndex != index) {
      throw damaged("is missing, whose commits were applied", null);
    }
    try {
      Entries run = WireFormat.readEntries(ByteBuffer.wrap(entries.value()));
      if (LogEntry.decode(run.buffer(0)) instanceof LogEntry.Batch read) {
        return read;
      }
    } catch (WireFormatException | IllegalArgumentException e) {
      throw damaged("cannot be read: " + e.getMessage(), e);
    }
    throw damaged("is no batch", null);
  }

  private DamagedStorageException damaged(String how, @Nullable Throwable cause) {
    DamagedStorageException damage =
        new DamagedStorageException("entry %d of group %d %s".formatted(index, group, how));
    damage.initCause(cause);
    return damage;
  }

  @Override
  public void close() {
    applied.close();
    if (log != null) {
      log.close();
    }
  }
}
