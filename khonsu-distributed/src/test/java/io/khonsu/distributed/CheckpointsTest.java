package io.khonsu.distributed;

import static io.khonsu.mvcc.ConflictStrategy.APPEND;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.CommitStatus;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.ReplicatedStore;
import io.khonsu.Row;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.SnapshotTooOldException;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.TransactionOptions;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.consensus.wire.WireFormat;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happens to bases and fetched states in an unlucky order, step by step. */
class CheckpointsTest {
  private static final TableSpec TEXTS =
      TableSpec.rows(
              "texts",
              new Schema(
                  List.of(
                      Field.notNullable("id", new ArrowType.Int(64, true)),
                      Field.notNullable("text", ArrowType.Utf8.INSTANCE))))
          .primaryKey("id");

  /** Under which a disk has what is held. */
  private static final byte[] HOLD =
      ByteBuffer.allocate(Long.BYTES + 1).putLong(1).put((byte) 'h').array();

  private static final TableSpec BLOBS =
      TableSpec.batches(
          "blobs", new Schema(List.of(Field.notNullable("text", ArrowType.Utf8.INSTANCE))));

  /** With little memory: what a start takes must not be more than what there was before. */
  private static final StoreConfig STORE =
      StoreConfig.builder()
          .compactionRowsPerSecond(0)
          .retention(Duration.ofMillis(1))
          .memoryLimitBytes(200L << 20)
          .build();

  private final List<Node> nodes = new ArrayList<>();

  /** Nobody commits through it. */
  private static final class NoOrder implements CommitOrder {
    @Override
    public CompletionStage<Reply> submit(byte[] request) {
      return CompletableFuture.completedFuture(new Reply.Unavailable("it is a test"));
    }

    @Override
    public CompletionStage<Reply> awaitCurrent(long stalenessNanosMax) {
      return CompletableFuture.completedFuture(new Reply.Decided(new byte[0]));
    }

    @Override
    public CompletionStage<CommitStatus> outcome(long commitId) {
      return CompletableFuture.completedFuture(new CommitStatus.Forgotten());
    }

    @Override
    public void close() {}
  }

  /** A node without an event loop: entries are applied by hand. */
  private static final class Node {
    private final ClusterConfig config;
    private final KeyValueStore disk;
    private final ReplicatedStore store;
    private final GroupState state;
    private final Checkpoints checkpoints;

    private Node(KeyValueStore disk, ClusterConfig config) {
      this.config = config;
      this.disk = disk;
      this.store = ReplicatedStore.create(STORE, new NoOrder(), null, InstantSource.system());
      this.state = new GroupState(config.group(), store, Set.of());
      this.checkpoints = new Checkpoints(config, disk, store, state, Set.of());
    }

    private List<Outcome> apply(LogEntry entry) throws IOException {
      byte[] bytes = entry.encode();
      List<Outcome> outcomes = new ArrayList<>();
      long index = state.appliedIndex();
      byte[] key = ConsensusLog.key(config.group(), index);
      byte[] run = WireFormat.write(Entries.of(bytes));
      disk.write(new KeyValueBatch().put(ConsensusLog.ENTRIES, key, run), Sync.WRITTEN);
      state.apply(index, ByteBuffer.wrap(bytes), (_, outcome) -> outcomes.add(outcome));
      checkpoints.applied(index, bytes.length, state.takeChanges());
      return outcomes;
    }

    private void commit(long version, byte[] request) throws IOException {
      Submission commit = new Submission.Commit(CommitIds.of(1, version), 1, request);
      var _ = apply(new LogEntry.Batch(config.group(), version, List.of(commit)));
    }

    /** Lets nobody read before a version any more. */
    private void forgetBefore(long version) throws IOException {
      var _ = apply(new LogEntry.Tick(config.group(), state.clock() + 1, version, 0));
    }

    private byte[] update(long from, long to, String text) {
      try (Transaction tx = store.store().begin()) {
        Table table = store.store().table("texts").orElseThrow();
        for (long id = from; id < to; id++) {
          tx.upsert(table, table.row(id, text + "x".repeat(500)));
        }
        return store.request(tx);
      }
    }

    private List<Row> rows() {
      try (Snapshot snapshot = store.store().localSnapshot()) {
        return snapshot.scan(store.store().table("texts").orElseThrow(), Scan.all()).rows();
      }
    }

    private void write() throws IOException {
      KeyValueBatch batch = new KeyValueBatch();
      int count = checkpoints.commits().write(batch);
      disk.write(batch, Sync.WRITTEN);
      checkpoints.commits().written(count);
    }

    private void checkpoint() throws IOException {
      checkpoints.want();
      takeCheckpoint();
    }

    /** Takes a checkpoint, and frees the disk of the entries that nobody needs. */
    private void takeCheckpoint() throws IOException {
      assertThat(checkpoints.takeIfDue()).isNotNull();
      reclaimEntries(0, checkpoints.firstEntry());
    }

    private void reclaimEntries(long from, long to) throws IOException {
      long group = config.group();
      disk.reclaim(
          ConsensusLog.ENTRIES, ConsensusLog.key(group, from), ConsensusLog.key(group, to));
    }

    /** Goes on with a base until it is there. */
    private void finishBase() throws IOException {
      write();
      while (checkpoints.work()) {
        assertThat(store.newestVersion()).isPositive();
      }
    }

    /** Lets a base take the place of the commits that it stands for. */
    private void changeBase() throws IOException {
      finishBase();
      takeCheckpoint();
    }

    private List<StagedChunk> snapshot() throws IOException {
      SnapshotId id = SnapshotId.complete(state.appliedIndex());
      List<StagedChunk> chunks = new ArrayList<>();
      Member reader = new Member(2, 0);
      long offset = 0;
      long size = 1;
      while (offset < size) {
        Input.SnapshotData data = checkpoints.read(new SnapshotRead(reader, id, offset, 1_000));
        size = data.sizeBytes();
        assertThat(size).isPositive();
        chunks.add(new StagedChunk(id, reader, offset, size, data.bytes()));
        offset += data.bytes().size();
      }
      return chunks;
    }

    private void install(StagedChunk last) throws IOException {
      KeyValueBatch batch = new KeyValueBatch();
      checkpoints.install(last.snapshot(), batch);
      disk.write(batch, Sync.SYNCED);
      checkpoints.installed();
    }

    private void close() {
      checkpoints.close();
      store.close();
    }
  }

  private Node node(KeyValueStore disk) throws IOException {
    return node(disk, Nodes.withSmallCheckpoints(Nodes.config(5, 1, 1, 2)));
  }

  private Node node(KeyValueStore disk, ClusterConfig config) throws IOException {
    Node node = new Node(disk, config);
    nodes.add(node);
    node.checkpoints.load();
    return node;
  }

  private static KeyValueStore disk() throws IOException {
    return Nodes.inMemory().open(Nodes.config(5, 1, 1, 2), NodePresence.NEW);
  }

  @AfterEach
  void close() {
    nodes.forEach(Node::close);
  }

  private static void begin(List<Node> all) throws IOException {
    Node first = all.getFirst();
    byte[] creation = first.store.request(TEXTS);
    Submission open = new Submission.OpenSession(new Member(1, 0), 1, 1);
    for (Node node : all) {
      var _ = node.apply(new LogEntry.Batch(node.config.group(), 1_000_000, List.of(open)));
      node.commit(1_000_010, creation);
    }
  }

  private static void commit(List<Node> all, long version, long from, long to, String text)
      throws IOException {
    byte[] request = all.getFirst().update(from, to, text);
    for (Node node : all) {
      node.commit(version, request);
    }
  }

  /** The commits of the snapshot must not go with those that the base stands for. */
  @Test
  void baseUnderWay_whenAnotherStateIsFetched_trimsNothingOfIt() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    commit(both, 1_000_020, 0, 10, "one ");
    commit(both, 1_000_030, 5, 15, "two ");
    for (Node node : both) {
      node.forgetBefore(1_000_030);
    }
    behind.checkpoint(); // it has begun a base as of 1,000,030
    assertThat(behind.checkpoints.work()).isTrue();
    source.checkpoints.commits().hold(0); // all its commits are in its snapshot
    commit(List.of(source), 1_000_040, 0, 3, "three ");
    source.checkpoint();

    List<StagedChunk> chunks = source.snapshot();
    assertThat(chunks.size()).isGreaterThan(2);
    for (StagedChunk chunk : chunks) {
      behind.checkpoints.stage(chunk);
      behind.finishBase();
      var _ = behind.checkpoints.takeIfDue();
    }
    behind.install(chunks.getLast());
    assertThat(behind.rows()).isEqualTo(source.rows());
    assertThat(node(disk).rows()).isEqualTo(source.rows());
  }

  @Test
  void nodeThatEnds_betweenTheBaseAndItsCheckpoint_hasAllCommits() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 100, "one ");
    node.forgetBefore(1_000_020);
    node.checkpoint();
    assertThat(node.checkpoints.work()).isTrue();
    Node again = node(disk);
    assertThat(again.rows()).isEqualTo(node.rows());
    assertThat(again.checkpoints.commits().trimmedVersion()).isZero();
  }

  /** A source whose base is older than that of who fetches gives the commits since. */
  @Test
  void olderBase_takesThePlaceOfANewerOne() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    commit(both, 1_000_020, 0, 10, "one ");
    for (Node node : both) {
      node.forgetBefore(1_000_020);
    }
    behind.checkpoint();
    behind.changeBase();
    assertThat(behind.checkpoints.commits().trimmedVersion()).isEqualTo(1_000_020);
    source.checkpoints.commits().hold(0);
    commit(List.of(source), 1_000_030, 8, 20, "two ");
    source.checkpoint();
    List<StagedChunk> chunks = source.snapshot();
    for (StagedChunk chunk : chunks) {
      behind.checkpoints.stage(chunk);
    }
    behind.install(chunks.getLast());
    assertThat(behind.rows()).isEqualTo(source.rows());
    assertThatThrownBy(() -> behind.checkpoints.commits().read(0, _ -> {}))
        .isInstanceOf(IllegalArgumentException.class); // who has read further must notice
    Node again = node(disk);
    assertThat(again.rows()).isEqualTo(source.rows());
    commit(List.of(again), 1_000_040, 0, 5, "three ");
    again.forgetBefore(1_000_040);
    again.checkpoint();
    again.changeBase();
    assertThat(node(disk).rows()).isEqualTo(again.rows());
  }

  @Test
  void fetchThatBeginsAnew_leavesNothingOfTheFirst() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    begin(List.of(source));
    commit(List.of(source), 1_000_020, 0, 10, "one ");
    source.forgetBefore(1_000_020);
    source.checkpoint();
    source.changeBase();
    List<StagedChunk> chunks = source.snapshot();
    for (StagedChunk chunk : chunks.subList(0, chunks.size() - 1)) {
      behind.checkpoints.stage(chunk);
    }
    for (StagedChunk chunk : chunks) {
      behind.checkpoints.stage(chunk);
    }
    behind.install(chunks.getLast());
    assertThat(behind.rows()).isEqualTo(source.rows());
    int parts = 0;
    try (KeyValueStore.Cursor all = disk.cursor(Bases.BASES, new byte[0], null)) {
      while (all.next()) {
        parts++;
      }
    }
    assertThat(parts).isEqualTo(2); // the tables, and the rows
    assertThat(node(disk).rows()).isEqualTo(source.rows());
  }

  @Test
  void commitThatIsMissing_isFound_whenTheNodeStarts() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 10, "one ");
    node.forgetBefore(1_000_020);
    node.checkpoint();
    node.changeBase();
    commit(List.of(node), 1_000_030, 0, 10, "two ");
    commit(List.of(node), 1_000_040, 0, 10, "three ");
    node.checkpoint();
    node.checkpoints.commits().reclaim(1_000_030); // one of them is not in the base
    assertThatThrownBy(() -> node(disk))
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("the commits take");
  }

  @Test
  void entryThatIsMissing_whoseCommitsTheBaseDoesNotHave_isFound_whenTheNodeStarts()
      throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    long index = node.state.appliedIndex();
    commit(List.of(node), 1_000_020, 0, 10, "one ");
    commit(List.of(node), 1_000_030, 0, 10, "two ");
    node.checkpoint();
    assertThat(node(disk).rows()).isEqualTo(node.rows());
    node.reclaimEntries(index, index + 1);
    assertThatThrownBy(() -> node(disk))
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("entry %d of group 1 is missing", index);
    assertThatThrownBy(() -> node.checkpoints.commits().read(0, _ -> {}))
        .isInstanceOf(DamagedStorageException.class);
  }

  @Test
  void commitIsWrittenOnce_asPartOfItsEntry() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 100, "one ");
    node.checkpoint();
    assertThat(node.checkpoints.commits().sizeBytes()).isGreaterThan(50_000);
    int keptBytes = 0;
    try (KeyValueStore.Cursor all = disk.cursor(AppliedCommits.COMMITS, new byte[0], null)) {
      while (all.next()) {
        keptBytes += all.value().length;
      }
    }
    assertThat(keptBytes).isLessThan(2_000); // with the creation of the table, which has its number
    List<Long> versions = new ArrayList<>();
    node.checkpoints
        .commits()
        .read(
            1_000_010,
            record -> {
              versions.add(record.version());
              assertThat(TransactionCodec.decode(record.bytes()).transactionId())
                  .isEqualTo(CommitIds.of(1, 1_000_020));
            });
    assertThat(versions).containsExactly(1_000_020L);
  }

  /** Requests that change nothing take room in the log, but nobody needs them later. */
  @Test
  void entriesWithoutCommits_areNotKept_forACommitLongAgo() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 2, "one ");
    byte[] refused = node.store.request(TEXTS); // it is there already
    long version = 1_000_030;
    for (int round = 0; round < 400; round++) {
      node.commit(version++, refused);
    }
    node.forgetBefore(version);
    node.checkpoint();
    node.changeBase();
    long end = node.state.appliedIndex();
    assertThat(node.checkpoints.firstEntry()).isEqualTo(end);
    node.commit(version, refused);
    node.checkpoint();
    assertThat(node.checkpoints.firstEntry()).isGreaterThan(end);
    assertThat(node(disk).rows()).isEqualTo(node.rows());
  }

  /** What the node applies while it fetches refers to entries, and stays readable afterwards. */
  @Test
  void commitsThatAreApplied_whileAStateIsFetched_stayReadable() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    source.checkpoints.commits().hold(0);
    commit(both, 1_000_020, 0, 3, "one ");
    Submission[] two = {
      submission(1_000_030, source.update(0, 3, "two ")),
      submission(1_000_031, source.update(5, 8, "three "))
    };
    LogEntry entry = new LogEntry.Batch(1, 1_000_030, List.of(two));
    var _ = source.apply(entry);
    commit(List.of(source), 1_000_040, 7, 9, "four ");
    source.checkpoint();
    List<StagedChunk> chunks = source.snapshot();
    for (StagedChunk chunk : chunks) {
      behind.checkpoints.stage(chunk);
    }
    var _ = behind.apply(entry);
    behind.write(); // over what was fetched
    behind.install(chunks.getLast());
    assertThat(behind.rows()).isEqualTo(source.rows());
    behind.reclaimEntries(0, behind.checkpoints.firstEntry());
    assertThat(node(disk).rows()).isEqualTo(source.rows());
    assertThat(versions(behind)).isEqualTo(versions(source)).doesNotHaveDuplicates();
  }

  private static List<Long> versions(Node node) throws IOException {
    List<Long> versions = new ArrayList<>();
    node.checkpoints.commits().read(0, record -> versions.add(record.version()));
    return versions;
  }

  @Test
  void start_keepsNoMoreHistory_thanThereWasBefore() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    long version = 1_000_000_000;
    for (int round = 0; round < 300; round++) {
      version += 1_000_000;
      commit(List.of(node), version, 0, 20, "round %d ".formatted(round));
      node.forgetBefore(version);
    }
    node.checkpoint();
    long before = node.store.store().statistics().held().versions();
    assertThat(before).isLessThan(1_000);
    Node again = node(disk);
    assertThat(again.rows()).isEqualTo(node.rows());
    assertThat(again.store.store().statistics().held().versions()).isLessThanOrEqualTo(before);
    assertThat(again.store.store().statistics().held().commitRecords()).isLessThan(200);
  }

  @Test
  void versionsBeforeTheBase_cannotBeRead_afterAStart() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 100, "one ");
    commit(List.of(node), 1_000_030, 0, 100, "two ");
    node.forgetBefore(1_000_035); // between two commits
    node.checkpoint();
    node.changeBase();
    assertThat(node.checkpoints.commits().trimmedVersion()).isEqualTo(1_000_030);
    commit(List.of(node), 1_000_040, 0, 10, "three ");
    node.checkpoint();
    Khonsu again = node(disk).store.store();
    for (long version : List.of(1L, 2L, 1_000_020L, 1_000_029L)) {
      assertThatThrownBy(() -> again.snapshotAt(version))
          .isInstanceOfSatisfying(
              SnapshotTooOldException.class,
              e -> assertThat(e.oldestVersion()).isEqualTo(1_000_030));
    }
    try (Snapshot then = again.snapshotAt(1_000_030)) {
      assertThat(then.scan(again.table("texts").orElseThrow(), Scan.all()).rows())
          .hasSize(100)
          .allMatch(row -> row.getString("text").startsWith("two "));
    }
  }

  private static byte[] append(Node node, String key, String text) {
    Khonsu store = node.store.store();
    Table table = store.table("blobs").orElseThrow();
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = VectorSchemaRoot.create(table.schema(), allocator);
        Transaction tx = store.begin(TransactionOptions.serializable().onConflict(APPEND))) {
      ((VarCharVector) batch.getVector(0)).setSafe(0, text.getBytes(UTF_8));
      batch.setRowCount(1);
      tx.write(table, key, batch);
      return node.store.request(tx);
    }
  }

  private static Submission submission(long number, byte[] request) {
    return new Submission.Commit(CommitIds.of(1, number), 1, request);
  }

  /** A small request becomes a commit of all that it has been appended to. */
  @Test
  void whatAppendsGrowTo_isWrittenInTime_andBoundedInAnEntry() throws Exception {
    KeyValueStore disk = disk();
    ClusterConfig config = Nodes.config(5, 1, 1, 2);
    Node node = node(disk, config);
    begin(List.of(node));
    node.commit(1_000_011, node.store.request(BLOBS));
    node.commit(1_000_012, append(node, "a", "x".repeat(6 << 20)));
    List<Submission> appends = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      appends.add(submission(1_000_020 + i, append(node, "a", "y")));
    }
    LogEntry entry = new LogEntry.Batch(config.group(), 1_000_020, appends);
    assertThat(entry.encode()).hasSizeLessThan(10_000);
    List<Outcome> outcomes = node.apply(entry);
    long done = outcomes.stream().filter(Outcome.Decided.class::isInstance).count();
    assertThat(done).isEqualTo(11); // of 6 MiB each, until there were 64
    assertThat(outcomes.subList((int) done, 20)).containsOnly(new Outcome.Again());
    assertThat(node.checkpoints.commits().recentBytes()).isLessThan(8 << 20);
    assertThat(node.checkpoints.takeIfDue()).isNotNull();
    outcomes =
        node.apply(new LogEntry.Batch(config.group(), 1_000_050, appends.subList((int) done, 20)));
    assertThat(outcomes).hasOnlyElementsOfType(Outcome.Decided.class);
    assertThat(node.state.commitCount()).isEqualTo(23);
    node.checkpoint();
    Node again = node(disk, config);
    try (Snapshot now = again.store.store().localSnapshot()) {
      Table blobs = again.store.store().table("blobs").orElseThrow();
      assertThat(now.read(blobs, "a").orElseThrow().rowCount()).isEqualTo(21);
    }
  }

  /** Who has fetched a state has yet to take it over when others have written much more. */
  @Test
  void entriesBehindAFetchedState_areKept_forAWhile() throws Exception {
    Node source = node(disk());
    begin(List.of(source));
    commit(List.of(source), 1_000_020, 0, 10, "one ");
    source.checkpoint();
    long index = source.state.appliedIndex();
    assertThat(source.snapshot()).isNotEmpty();
    long version = 1_000_030;
    for (int checkpoints = 1; checkpoints <= 2; checkpoints++) {
      commit(List.of(source), version++, 0, 10, "more ");
      assertThat(keepFrom(source)).isLessThanOrEqualTo(index);
    }
    commit(List.of(source), version++, 0, 10, "more ");
    assertThat(keepFrom(source)).isGreaterThan(index);
  }

  private static long keepFrom(Node node) throws IOException {
    node.checkpoints.want();
    return Objects.requireNonNull(node.checkpoints.takeIfDue()).keepFrom();
  }

  /** An archiver asks for the same again and again as long as there is nothing to archive. */
  @Test
  void holdThatDoesNotChange_isNotWrittenAgain() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    node.checkpoints.commits().hold(5);
    disk.write(new KeyValueBatch().delete(ConsensusLog.RECORDS, HOLD), Sync.WRITTEN);
    node.checkpoints.commits().hold(5);
    assertThat(disk.get(ConsensusLog.RECORDS, HOLD)).isNull();
    node.checkpoints.commits().hold(6);
    assertThat(disk.get(ConsensusLog.RECORDS, HOLD)).isNotNull();
  }

  private static LogEntry two(Node source) {
    Submission[] two = {
      submission(1_000_030, source.update(0, 3, "two ")),
      submission(1_000_031, source.update(5, 8, "three "))
    };
    return new LogEntry.Batch(1, 1_000_030, List.of(two));
  }

  /** {@return a snapshot whose base ends between the two commits of an entry} */
  private static List<StagedChunk> snapshotFromWithinAnEntry(Node source) throws IOException {
    source.forgetBefore(1_000_030);
    commit(List.of(source), 1_000_050, 7, 9, "four ");
    source.checkpoint();
    source.changeBase();
    assertThat(source.checkpoints.commits().trimmedVersion()).isEqualTo(1_000_030);
    return source.snapshot();
  }

  /** The entry's record has the key of its last commit, which the snapshot has as well. */
  @Test
  void fetchedState_thatBeginsWithinAnEntry_takesNothingOfWhatIsHere() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    LogEntry entry = two(source);
    for (Node node : both) {
      var _ = node.apply(entry);
    }
    behind.checkpoint();
    for (StagedChunk chunk : snapshotFromWithinAnEntry(source)) {
      behind.checkpoints.stage(chunk);
    }
    assertThat(versions(behind)).containsExactly(1_000_010L, 1_000_030L, 1_000_031L);
  }

  @Test
  void fetchedState_thatBeginsWithinAnEntry_doesNotKeepANodeFromStarting() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    LogEntry entry = two(source);
    for (Node node : both) {
      var _ = node.apply(entry);
    }
    behind.checkpoint();
    for (StagedChunk chunk : snapshotFromWithinAnEntry(source)) {
      behind.checkpoints.stage(chunk);
    }
    assertThat(node(disk).rows()).isEqualTo(behind.rows());
  }

  @Test
  void entryWrittenOverAFetchedState_thatBeginsWithinIt_isWhole() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    LogEntry entry = new LogEntry.Batch(1, 1_000_030, three(source));
    var _ = source.apply(entry);
    behind.checkpoint();
    for (StagedChunk chunk : snapshotFromWithinAnEntry(source)) {
      behind.checkpoints.stage(chunk);
    }
    var _ = behind.apply(entry);
    behind.checkpoint();
    assertThat(versions(behind)).containsExactly(1_000_010L, 1_000_030L, 1_000_031L, 1_000_032L);
  }

  private static List<Submission> three(Node source) {
    return List.of(
        submission(1_000_030, source.update(0, 3, "two ")),
        submission(1_000_031, source.update(5, 8, "three ")),
        submission(1_000_032, source.update(8, 10, "four ")));
  }

  /** Bytes that are cut off between two commits must not pass for fewer commits. */
  @Test
  void recordThatIsCutOffBetweenCommits_isFound_byWhoReads() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    var _ = node.apply(two(node));
    commit(List.of(node), 1_000_050, 7, 9, "four ");
    node.write();
    byte[] key = AppliedCommits.key(1, 0, 1_000_031);
    byte[] record = Objects.requireNonNull(disk.get(AppliedCommits.COMMITS, key));
    byte[] cut = Arrays.copyOf(record, record.length - 13);
    disk.write(new KeyValueBatch().put(AppliedCommits.COMMITS, key, cut), Sync.WRITTEN);
    List<Long> versions = new ArrayList<>();
    assertThatThrownBy(
            () -> node.checkpoints.commits().read(0, record0 -> versions.add(record0.version())))
        .as("read %s", versions)
        .isInstanceOf(DamagedStorageException.class);
  }

  /** Commits that are written in full need no entry. */
  @Test
  void entriesWhoseCommitsAreWrittenInFull_areNotKept() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk, Nodes.config(5, 1, 1, 2));
    begin(List.of(node));
    node.commit(1_000_011, node.store.request(BLOBS));
    for (int round = 0; round < 20; round++) {
      node.commit(1_000_020 + round, append(node, "a", "x".repeat(100_000)));
    }
    node.checkpoint();
    assertThat(node.checkpoints.firstEntry()).isEqualTo(node.state.appliedIndex());
  }

  /** What a node has kept before it was started again counts as well. */
  @Test
  void entriesThatWereKeptBeforeAStart_bringABaseAbout() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    byte[] refused = node.store.request(TEXTS);
    long version = 1_000_030;
    for (int start = 0; start < 10; start++) {
      for (int round = 0; round < 5; round++) {
        node.commit(version++, refused);
      }
      node.forgetBefore(version++);
      node.checkpoint();
      node = node(disk);
    }
    node.commit(version++, refused);
    node.checkpoint();
    node.finishBase();
    var _ = node.checkpoints.takeIfDue();
    assertThat(node.checkpoints.firstEntry()).isGreaterThan(40);
  }

  /** Whoever reads while entries are freed is told that they were trimmed, never of damage. */
  @Test
  void commitsThatAreTrimmed_whileAnotherThreadReads_areNoDamage() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    AtomicBoolean isDone = new AtomicBoolean();
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(() -> readUntil(isDone, node.checkpoints.commits()));
    long version = 1_000_020;
    for (int round = 0; round < 1_500; round++) {
      commit(List.of(node), version, 0, 3, "one ");
      if (round % 5 == 0) {
        node.forgetBefore(version);
        node.checkpoint();
        node.finishBase();
        if (node.checkpoints.takeIfDue() != null) {
          node.reclaimEntries(0, node.checkpoints.firstEntry());
        }
      }
      version += 10;
    }
    isDone.set(true);
    reader.get();
  }

  private static void readUntil(AtomicBoolean isDone, AppliedCommits commits) {
    while (!isDone.get()) {
      List<Long> versions = new ArrayList<>();
      try {
        commits.read(commits.trimmedVersion(), record -> versions.add(record.version()));
      } catch (IllegalArgumentException e) {
        assertThat(e).hasMessageContaining("are not kept any more");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      for (int i = 1; i < versions.size(); i++) {
        assertThat(versions.get(i)).isEqualTo(versions.get(i - 1) + 10);
      }
    }
  }

  /** Whatever byte is another one: who reads is told, or reads what was written. */
  @Test
  void byteThatIsAnother_isFound_byWhoReads() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    long index = node.state.appliedIndex();
    var _ = node.apply(new LogEntry.Batch(1, 1_000_030, three(node)));
    commit(List.of(node), 1_000_050, 7, 9, "five ");
    node.write();
    List<Long> expected = versions(node);
    List<String> wrong = new ArrayList<>();
    flip(disk, AppliedCommits.COMMITS, AppliedCommits.key(1, 0, 1_000_032), node, expected, wrong);
    flip(disk, ConsensusLog.ENTRIES, ConsensusLog.key(1, index), node, expected, wrong);
    assertThat(wrong).isEmpty();
  }

  private static void flip(
      KeyValueStore disk,
      String space,
      byte[] key,
      Node node,
      List<Long> expected,
      List<String> wrong)
      throws IOException {
    byte[] whole = Objects.requireNonNull(disk.get(space, key));
    for (int at = 0; at < whole.length; at++) {
      for (int bit = 0; bit < 8; bit += 3) {
        byte[] other = whole.clone();
        other[at] ^= (byte) (1 << bit);
        disk.write(new KeyValueBatch().put(space, key, other), Sync.WRITTEN);
        List<Long> found = new ArrayList<>();
        try {
          node.checkpoints.commits().read(0, record -> found.add(record.version()));
          if (!found.equals(expected)) {
            wrong.add("%s %d.%d: read %s".formatted(space, at, bit, found));
          }
        } catch (IOException _) {
          // it was found
        } catch (RuntimeException e) {
          wrong.add("%s %d.%d: %s".formatted(space, at, bit, e));
        }
      }
    }
    disk.write(new KeyValueBatch().put(space, key, whole), Sync.WRITTEN);
  }
}
