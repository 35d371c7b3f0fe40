package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.TransactionCodec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What stands on the disk for the entries that are not kept: every commit by its version, and a
 * {@link Checkpoint}. Later commits are there as well, as every write takes along what was applied.
 * A snapshot for another node is the same: the length of the checkpoint in 4 bytes and the
 * checkpoint, then the commits likewise, in order. Event loop only.
 */
final class Checkpoints {
  /** Commits, by group and version. */
  static final String COMMITS = "commits";

  /** The newest checkpoint, by group. */
  static final String CHECKPOINTS = "checkpoint";

  private final ClusterConfig config;
  private final KeyValueStore disk;
  private final ReplicatedStore store;
  private final GroupState state;
  private final AppliedCommits applied;
  private @Nullable Checkpoint newest;
  private ByteArrayOutputStream staged = new ByteArrayOutputStream();
  private @Nullable Installing installing;
  private long entryBytes;
  private boolean isWanted;

  /** A snapshot that is being taken over. */
  private record Installing(Checkpoint checkpoint, List<CommittedTransaction> commits) {}

  Checkpoints(ClusterConfig config, KeyValueStore disk, ReplicatedStore store, GroupState state) {
    this.config = config;
    this.disk = disk;
    this.applied = new AppliedCommits(config, disk);
    this.store = store;
    this.state = state;
  }

  /** {@return all commits, for any thread to read} */
  AppliedCommits commits() {
    return applied;
  }

  /** {@return how many entries the newest checkpoint on a disk stands for, or 0} */
  static long index(KeyValueStore disk, long group) throws IOException {
    byte[] bytes = disk.get(CHECKPOINTS, key(group));
    return bytes == null ? 0 : Checkpoint.decode(bytes).appliedIndex();
  }

  /** Brings the state to the newest checkpoint, if there is one. */
  void load() throws IOException {
    byte[] bytes = disk.get(CHECKPOINTS, key(config.group()));
    if (bytes == null) {
      return;
    }
    Checkpoint checkpoint = Checkpoint.decode(bytes);
    try (KeyValueStore.Cursor commits =
        disk.cursor(COMMITS, applied.key(0), applied.key(checkpoint.newestVersion() + 1))) {
      while (commits.next()) {
        store.restore(TransactionCodec.decode(commits.value()));
      }
    }
    enter(checkpoint);
  }

  private void enter(Checkpoint checkpoint) throws DamagedStorageException {
    if (store.newestVersion() != checkpoint.newestVersion()) {
      throw new DamagedStorageException(
          "the commits end at version %d, not at %d"
              .formatted(store.newestVersion(), checkpoint.newestVersion()));
    }
    store.reserveTableIds(checkpoint.lastTableId());
    store.moveWatermark(checkpoint.watermark());
    state.restore(checkpoint);
    newest = checkpoint;
    applied.restart(checkpoint);
    entryBytes = 0;
  }

  /** Notes an entry that was applied, and what it has changed. */
  void applied(long sizeBytes, List<CommittedTransaction> commits) {
    entryBytes += sizeBytes;
    applied.add(commits);
  }

  /** Lets the next checkpoint be written as soon as something was applied. */
  void want() {
    isWanted = true;
  }

  /**
   * Writes a checkpoint, if enough was applied since the last one.
   *
   * @return what to tell the consensus then, or null
   */
  Input.@Nullable SnapshotTaken takeIfDue() throws IOException {
    boolean isDue = entryBytes >= config.limits().checkpointBytes() || (isWanted && entryBytes > 0);
    if (!isDue) {
      return null;
    }
    isWanted = false;
    Checkpoint former = newest;
    KeyValueBatch batch = new KeyValueBatch();
    int commits = applied.write(batch);
    Checkpoint next = state.checkpoint(applied.sizeBytes());
    batch.put(CHECKPOINTS, key(config.group()), next.encode());
    disk.write(batch, Sync.SYNCED);
    newest = next;
    applied.written(commits);
    entryBytes = 0;
    // What came since the former checkpoint is kept, for nodes that are only a little behind.
    long keepFrom = former == null ? 0 : former.appliedIndex();
    return new Input.SnapshotTaken(next.appliedIndex(), keepFrom, next.appliedIndex());
  }

  /** {@return a part of the newest snapshot; of a negative size if another one is asked for} */
  Input.SnapshotData read(SnapshotRead read) throws IOException {
    Checkpoint checkpoint = newest;
    if (checkpoint == null
        || !read.snapshot().equals(SnapshotId.complete(checkpoint.appliedIndex()))) {
      return new Input.SnapshotData(read, -1, Bytes.EMPTY);
    }
    byte[] head = checkpoint.encode();
    long size = Integer.BYTES + head.length + checkpoint.commitBytes();
    Window window = new Window(read.offset(), read.maxBytes());
    window.add(head);
    long end = checkpoint.newestVersion();
    try (KeyValueStore.Cursor commits =
        disk.cursor(COMMITS, applied.key(0), applied.key(end + 1))) {
      while (!window.isFull() && commits.next()) {
        window.add(commits.value());
      }
    }
    return new Input.SnapshotData(read, size, Bytes.copyOf(window.bytes.toByteArray()));
  }

  /** Takes what of a stream lies from an offset on. */
  private static final class Window {
    private final long offset;
    private final int maxBytes;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long at;

    private Window(long offset, int maxBytes) {
      this.offset = offset;
      this.maxBytes = maxBytes;
    }

    private boolean isFull() {
      return bytes.size() >= maxBytes;
    }

    private void add(byte[] part) {
      write(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
      write(part);
    }

    private void write(byte[] part) {
      int from = Math.clamp(offset - at, 0, part.length);
      int to = Math.min(part.length, from + maxBytes - bytes.size());
      bytes.write(part, from, to - from);
      at += part.length;
    }
  }

  /** Puts a part of another node's snapshot aside. */
  void stage(StagedChunk chunk) {
    if (chunk.offset() == 0) {
      staged = new ByteArrayOutputStream();
    }
    staged.writeBytes(chunk.bytes().toArray());
  }

  /** Adds the staged snapshot to the write that installs it. */
  void install(SnapshotId id, KeyValueBatch batch) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(staged.toByteArray());
    staged = new ByteArrayOutputStream();
    Checkpoint checkpoint = Checkpoint.decode(part(in));
    if (checkpoint.appliedIndex() != id.index()) {
      throw new DamagedStorageException(
          "a snapshot of %d entries says %d".formatted(id.index(), checkpoint.appliedIndex()));
    }
    List<CommittedTransaction> commits = new ArrayList<>();
    while (in.hasRemaining()) {
      CommittedTransaction commit = TransactionCodec.decode(part(in));
      commits.add(commit);
      applied.write(commit.record(), batch);
    }
    batch.put(CHECKPOINTS, key(config.group()), checkpoint.encode());
    installing = new Installing(checkpoint, commits);
  }

  private static byte[] part(ByteBuffer in) throws DamagedStorageException {
    int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new DamagedStorageException("a snapshot ends too early");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  /** Brings the state to the snapshot that was installed: what is here is a prefix of it. */
  void installed() throws IOException {
    Installing taken = installing;
    if (taken == null) {
      throw new IllegalStateException("no snapshot was installed");
    }
    installing = null;
    for (CommittedTransaction commit : taken.commits) {
      if (commit.version() > store.newestVersion()) {
        store.restore(commit);
      }
    }
    enter(taken.checkpoint);
  }

  private static byte[] key(long group) {
    return ByteBuffer.allocate(Long.BYTES).putLong(group).array();
  }
}
