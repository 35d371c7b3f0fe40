package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import io.khonsu.StateTakeover;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.distributed.Checkpoint.Base;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands on the disk for the entries that were applied: a {@link Checkpoint}, the base that it
 * speaks of, and the commits after that. Later commits are there as well, as every write takes
 * along what was applied. When the commits take twice what the base would, a new base is written,
 * and the commits go that it stands for: so the disk, the time that a start takes and a snapshot
 * for another node are bounded by what the store holds, and not by its history. Event loop only.
 */
final class Checkpoints implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

  /** The newest checkpoint, by group. */
  static final String CHECKPOINTS = "checkpoint";

  /** After so many checkpoints nobody asks for the rest of a snapshot any more. */
  private static final int IDLE_CHECKPOINTS_MAX = 2;

  /** A base is written once the commits take so many times its bytes, and checkpointBytes. */
  private static final int COMMITS_PER_BASE = 2;

  /**
   * For the latter, commits of large items count one part in so many: a start reads them faster.
   */
  private static final int LARGE_ITEMS_SHARE = 4;

  /** An archive may lag a little; what is worth so many bases is a matter for its owner. */
  private static final int HELD_BASES_MAX = 4;

  /** So much of what was applied waits in memory for the next write. */
  private static final long RECENT_BYTES_MAX = 8 << 20;

  /** One part in so many of what the log can have is kept for who fetches a snapshot. */
  private static final int KEPT_SHARE = 4;

  private final ClusterConfig config;
  private final KeyValueStore disk;
  private final ReplicatedStore store;
  private final GroupState state;
  private final Set<Defect> defects;
  private final AppliedCommits applied;
  private final KeptEntries entries;
  private final Bases bases;
  private final Map<Member, SnapshotExport> exports = new HashMap<>();
  private @Nullable Checkpoint newest;
  private @Nullable BaseWriter writer;
  private @Nullable SnapshotStaging staging;
  private @Nullable Checkpoint installing;

  /** Of the entries that were applied since the last checkpoint. */
  private long entryBytes;

  /** The same, or what they have changed where that is more. */
  private long appliedBytes;

  private long keptFrom;

  /** A later checkpoint from which on entries are kept, once those behind it are enough. */
  private long keptNext;

  private long keptBytes;
  private boolean isWanted;
  private long refused;

  /** What a warning has told last of the commits that are held. */
  private long heldBytesTold;

  /**
   * Of {@link GroupState#largeBytes}, so much at least is of commits that are not kept any more.
   */
  private long largeBytesGone;

  Checkpoints(
      ClusterConfig config,
      KeyValueStore disk,
      ReplicatedStore store,
      GroupState state,
      Set<Defect> defects) {
    this.defects = defects;
    this.config = config;
    this.disk = disk;
    this.applied = new AppliedCommits(config, disk);
    this.entries = new KeptEntries(config.limits().checkpointBytes());
    this.bases = new Bases(disk, config.group());
    this.store = store;
    this.state = state;
  }

  /** {@return the commits that are kept, for any thread to read} */
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
    applied.load();
    byte[] bytes = disk.get(CHECKPOINTS, key(config.group()));
    if (bytes == null) {
      bases.dropAfter(Base.NONE);
      applied.dropUnfinished();
      return;
    }
    Checkpoint checkpoint = Checkpoint.decode(bytes);
    Base base = checkpoint.base();
    applied.restart(checkpoint);
    bases.dropAfter(base);
    applied.dropUnfinished();
    disk.flush(); // what was read may not be on the medium yet
    reclaim(base);
    store.beginAt(base.version()); // nobody can have read at the versions of its parts
    check("the base takes", restoreBase(checkpoint), base.sizeBytes());
    if (base.isOfNothing()) {
      takeOver(base); // no part has its version
    }
    long commitBytes = restoreCommits(base.version(), checkpoint);
    check("the commits take", commitBytes, checkpoint.commits().sizeBytes());
    entries.total(checkpoint.commits().entryBytes());
    enter(checkpoint);
  }

  /** {@return what was restored takes in a snapshot} */
  private long restoreBase(Checkpoint checkpoint) throws IOException {
    long sizeBytes = 0;
    try (KeyValueStore.Cursor parts = bases.cursor(checkpoint.base())) {
      while (parts.next()) {
        byte[] bytes = parts.value();
        sizeBytes += AppliedCommits.sizeBytes(bytes.length);
        restore(TransactionCodec.decode(bytes), checkpoint);
      }
    }
    return sizeBytes;
  }

  /** {@return the same} */
  private long restoreCommits(long afterVersion, Checkpoint checkpoint) throws IOException {
    long sizeBytes = 0;
    try (CommitCursor commits = applied.cursor(afterVersion, checkpoint.newestVersion())) {
      while (commits.next()) {
        CommittedTransaction commit = commits.commit();
        sizeBytes += AppliedCommits.sizeBytes(commits.sizeBytes());
        restore(commit, checkpoint);
        if (commits.index() != AppliedEntry.NO_ENTRY) {
          entries.add(commits.index(), commit.version(), commits.sizeBytes());
        }
      }
    }
    return sizeBytes;
  }

  /** History before the watermark is let go of. */
  private void restore(CommittedTransaction transaction, Checkpoint checkpoint) throws IOException {
    store.restore(transaction);
    store.moveWatermark(checkpoint.watermark());
  }

  private static void check(String what, long found, long expected) throws DamagedStorageException {
    if (found != expected) {
      throw new DamagedStorageException(
          "%s %d bytes, not %d: let a member replace this node".formatted(what, found, expected));
    }
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
    entryBytes = 0;
    appliedBytes = 0;
    keptNext = checkpoint.appliedIndex();
    keptBytes = 0;
  }

  /**
   * Notes an entry that was applied, and what it has changed, which may be much more than the entry
   * itself: then it goes to the disk at once.
   */
  void applied(long index, long sizeBytes, List<AppliedEntry.Change> changes) throws IOException {
    long lastVersion = 0;
    for (AppliedEntry.Change change : changes) {
      lastVersion = change.isAsAsked() ? change.commit().version() : lastVersion;
    }
    entries.add(index, lastVersion, sizeBytes);
    entryBytes += sizeBytes;
    keptBytes += sizeBytes;
    appliedBytes += Math.max(sizeBytes, applied.add(index, changes));
    if (applied.recentBytes() >= RECENT_BYTES_MAX) {
      KeyValueBatch batch = new KeyValueBatch();
      int count = applied.write(batch);
      disk.write(batch, Sync.WRITTEN);
      applied.written(count);
    }
  }

  /** Lets the next checkpoint be written as soon as something was applied. */
  void want() {
    isWanted = true;
  }

  /** Goes on with a base that is being written; {@return whether there was anything to do} */
  boolean work() throws IOException {
    return writer != null && writer.step();
  }

  /**
   * Writes a checkpoint, if enough was applied since the last one, or there is a new base.
   *
   * @return what to tell the consensus then, or null
   */
  Input.@Nullable SnapshotTaken takeIfDue() throws IOException {
    boolean isAsked = isWanted && entryBytes > 0;
    boolean isDue = isAsked || appliedBytes >= config.limits().checkpointBytes();
    boolean hasBase = writer != null && writer.isDone();
    if (!isDue && !hasBase) {
      return null;
    }
    isWanted = false;
    Base former = base();
    KeyValueBatch batch = new KeyValueBatch();
    int commits = applied.write(batch);
    Base base = changeBase(batch);
    entries.trim(base.version());
    Checkpoint next =
        state.checkpoint(applied.firstVersion(), applied.kept(entries.sizeBytes()), base);
    if (staging != null && staging.index() <= next.appliedIndex()) {
      dropStaging(batch); // what it would bring is here by now
    }
    batch.put(CHECKPOINTS, key(config.group()), next.encode());
    disk.write(batch, Sync.SYNCED);
    newest = next;
    applied.written(commits);
    if (!next.base().equals(former)) {
      reclaim(next.base());
    }
    boolean isEnough = isAsked || keptBytes >= config.limits().checkpointBytes();
    endExports(isEnough);
    entryBytes = 0;
    appliedBytes = 0;
    beginBase();
    if (isEnough) {
      keptFrom = keptNext; // for nodes that are only a little behind
      keptNext = next.appliedIndex();
      keptBytes = 0;
    }
    return new Input.SnapshotTaken(next.appliedIndex(), keepFrom(), next.appliedIndex());
  }

  /** {@return the first entry to keep, also for who fetches a snapshot and goes on behind it} */
  private long keepFrom() {
    long from = keptFrom;
    for (SnapshotExport export : exports.values()) {
      if (export.entryBytes() < config.consensus().limits().logBytesMax() / KEPT_SHARE) {
        from = Math.min(from, export.index());
      }
    }
    return from;
  }

  /** {@return the first entry that the disk has to keep for what was applied} */
  long firstEntry() {
    return defects.contains(Defect.TRIM_PAST_BASE)
        ? state.appliedIndex()
        : entries.first(state.appliedIndex());
  }

  /** Frees the disk of what a base stands for, and of those before it. */
  private void reclaim(Base base) throws IOException {
    boolean reclaimsAll = defects.contains(Defect.TRIM_PAST_BASE);
    applied.reclaim(reclaimsAll ? store.newestVersion() : base.version());
    bases.reclaimBefore(base);
  }

  private Base base() {
    return newest == null ? Base.NONE : newest.base();
  }

  /** Lets a base that is done take the place of the one there was; {@return the one that counts} */
  private Base changeBase(KeyValueBatch batch) {
    Base former = base();
    BaseWriter done = writer;
    if (done == null || !done.isDone()) {
      return former;
    }
    writer = null;
    Base next = done.base();
    if (!applied.trimmed(next.version(), done.trimmedBytes())) {
      bases.drop(next.generation(), batch); // somebody has begun to archive meanwhile
      return former;
    }
    largeBytesGone = Math.max(largeBytesGone, state.largeBytes() - applied.sizeBytes());
    return next;
  }

  private void beginBase() {
    if (writer != null || staging != null || !isWorth(1)) { // what is staged would be trimmed
      return;
    }
    long version = store.scanVersion();
    if (!applied.mayTrim(version)) {
      warnOfHold();
    } else if (version > base().version()) {
      writer = new BaseWriter(bases, applied, disk, store.scanState(), base());
    }
  }

  /** {@return whether so many bases would be worth their writing by now} */
  private boolean isWorth(int count) {
    long bytes = heldBytes();
    long largeBytes = Math.min(state.largeBytes() - largeBytesGone, bytes);
    long weighedBytes = bytes - largeBytes + largeBytes / LARGE_ITEMS_SHARE;
    long factor = (long) count * COMMITS_PER_BASE;
    return bytes >= factor * base().sizeBytes()
        && weighedBytes >= factor * config.limits().checkpointBytes();
  }

  private long heldBytes() {
    return Math.max(applied.sizeBytes(), entries.sizeBytes());
  }

  /** Says how much is kept for an archive, from so much on, each time that it has doubled. */
  private void warnOfHold() {
    if (isWorth(HELD_BASES_MAX) && heldBytes() >= heldBytesTold * 2) {
      heldBytesTold = heldBytes();
      LOG.atWarn()
          .addKeyValue("node", config.member())
          .addKeyValue("bytes", heldBytesTold)
          .log("commits are kept until they are archived: is the archive away?");
    }
  }

  /** {@return a part of a snapshot; of a negative size if that is not there any more} */
  Input.SnapshotData read(SnapshotRead read) throws IOException {
    SnapshotExport export = exports.get(read.requester());
    if (export == null || !export.canRead(read)) {
      export = read.offset() == 0 ? beginExport(read) : null;
    }
    return export == null
        ? new Input.SnapshotData(read, -1, Bytes.EMPTY)
        : new Input.SnapshotData(read, export.sizeBytes(), export.read(read));
  }

  private @Nullable SnapshotExport beginExport(SnapshotRead read) throws IOException {
    Checkpoint checkpoint = newest;
    if (checkpoint == null
        || !read.snapshot().equals(SnapshotId.complete(checkpoint.appliedIndex()))) {
      return null;
    }
    endExport(read.requester());
    SnapshotExport export = new SnapshotExport(checkpoint, bases, applied, firstEntry());
    exports.put(read.requester(), export);
    return export;
  }

  private void endExport(Member requester) {
    SnapshotExport former = exports.remove(requester);
    if (former != null) {
      former.close();
    }
  }

  /**
   * Ends those that nobody asks for any more. Whoever has read one to its end has yet to take it
   * over, and to ask for the entries behind it.
   */
  private void endExports(boolean isEnough) {
    for (Iterator<SnapshotExport> all = exports.values().iterator(); all.hasNext(); ) {
      SnapshotExport export = all.next();
      int idle = export.checkpointTaken(entryBytes, isEnough);
      if (idle > IDLE_CHECKPOINTS_MAX) {
        export.close();
        all.remove();
      }
    }
  }

  /** {@return whether another node's snapshot is being put aside} */
  boolean isStaging() {
    return staging != null;
  }

  /**
   * Puts a part of another node's snapshot aside.
   *
   * @return what to tell the consensus, or null: once it is known whether it is a snapshot. If it
   *     is none, all of it is gone
   */
  Input.@Nullable SnapshotChecked stage(StagedChunk chunk) throws IOException {
    if (chunk.offset() == 0) {
      KeyValueBatch batch = new KeyValueBatch();
      dropWriter(batch);
      dropStaging(batch);
      disk.write(batch, Sync.WRITTEN);
      SnapshotCheck check = new SnapshotCheck(state, store);
      staging = new SnapshotStaging(chunk, disk, bases, applied, check);
    }
    boolean isGood = staging == null || isGood(staging, chunk); // else it has come too late
    return isGood && !chunk.isLast()
        ? null
        : new Input.SnapshotChecked(chunk.snapshot(), chunk.source(), isGood);
  }

  private boolean isGood(SnapshotStaging staged, StagedChunk chunk) throws IOException {
    try {
      staged.add(chunk);
      if (chunk.isLast()) {
        var _ = staged.finish(chunk.snapshot());
      }
      return true;
    } catch (BadSnapshotException e) {
      KeyValueBatch batch = new KeyValueBatch();
      dropStaging(batch);
      disk.write(batch, Sync.WRITTEN);
      refused++;
      LOG.atWarn()
          .addKeyValue("node", config.member())
          .addKeyValue("source", chunk.source())
          .addKeyValue("snapshot", chunk.snapshot())
          .addKeyValue("why", e.getMessage())
          .log("a snapshot that another node has sent is bad, and was thrown away");
      return false;
    }
  }

  /** {@return how many snapshots of other nodes were bad} */
  long refused() {
    return refused;
  }

  private void dropStaging(KeyValueBatch batch) {
    if (staging != null) {
      bases.drop(staging.generation(), batch);
      applied.drop(staging.generation(), batch);
      staging = null;
    }
  }

  /** Adds the staged snapshot to the write that installs it. */
  void install(SnapshotId id, KeyValueBatch batch) throws IOException {
    SnapshotStaging staged = staging;
    if (staged == null) {
      throw new IllegalStateException("no snapshot was put aside");
    }
    staging = null;
    Checkpoint checkpoint;
    try {
      checkpoint = staged.finish(id);
    } catch (BadSnapshotException e) {
      throw new IllegalStateException("another snapshot was looked at", e);
    }
    Base base = checkpoint.base();
    dropWriter(batch);
    if (applied.replaced(base.version())) {
      LOG.atWarn()
          .addKeyValue("node", config.member())
          .addKeyValue("version", base.version())
          .log("a snapshot has taken the place of commits that were to be archived from here");
    }
    batch.put(CHECKPOINTS, key(config.group()), checkpoint.encode());
    installing = checkpoint;
  }

  private void dropWriter(KeyValueBatch batch) {
    if (writer != null) {
      writer.close();
      bases.drop(writer.base().generation(), batch);
      writer = null;
    }
  }

  /** Brings the state to the snapshot that was installed: what is here is older. */
  void installed() throws IOException {
    Checkpoint checkpoint = installing;
    if (checkpoint == null) {
      throw new IllegalStateException("no snapshot was installed");
    }
    installing = null;
    applied.restart(checkpoint);
    if (checkpoint.base().version() > store.newestVersion()) {
      takeOver(checkpoint.base());
    }
    var _ = restoreCommits(store.newestVersion(), checkpoint);
    enter(checkpoint);
    largeBytesGone = state.largeBytes(); // those that were fetched are not among them
    disk.flush(); // what is freed now is gone, whatever happens
    reclaim(checkpoint.base());
  }

  private void takeOver(Base base) throws IOException {
    try (StateTakeover takeover = store.takeOver(base.version());
        KeyValueStore.Cursor parts = bases.cursor(base)) {
      while (parts.next()) {
        takeover.add(TransactionCodec.decode(parts.value()));
      }
      if (base.isOfNothing()) {
        takeover.addNothing();
      }
    }
  }

  private static byte[] key(long group) {
    return ByteBuffer.allocate(Long.BYTES).putLong(group).array();
  }

  /** Lets go of what keeps versions of the store. Closing twice does nothing. */
  @Override
  public void close() {
    if (writer != null) {
      writer.close();
    }
    exports.values().forEach(SnapshotExport::close);
    exports.clear();
  }
}
