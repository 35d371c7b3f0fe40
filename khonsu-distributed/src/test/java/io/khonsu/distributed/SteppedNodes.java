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
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.TransactionOptions;
import io.khonsu.UnavailableException;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.consensus.wire.WireFormat;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;

/** Nodes without an event loop: a test applies entries, writes and frees by hand. */
abstract class SteppedNodes {
  static final TableSpec TEXTS =
      TableSpec.rows(
              "texts",
              new Schema(
                  List.of(
                      Field.notNullable("id", new ArrowType.Int(64, true)),
                      Field.notNullable("text", ArrowType.Utf8.INSTANCE))))
          .primaryKey("id");

  /** Under which a disk has what is held. */
  static final byte[] HOLD = ByteBuffer.allocate(Long.BYTES + 1).putLong(1).put((byte) 'h').array();

  static final TableSpec BLOBS =
      TableSpec.batches(
          "blobs", new Schema(List.of(Field.notNullable("text", ArrowType.Utf8.INSTANCE))));

  /** With little memory: what a start takes must not be more than what there was before. */
  static final StoreConfig STORE =
      StoreConfig.builder()
          .compactionRowsPerSecond(0)
          .retention(Duration.ofMillis(1))
          .memoryLimitBytes(200L << 20)
          .build();

  private final List<Node> nodes = new ArrayList<>();

  /** Nobody commits through it; it tells what somebody wanted to. */
  private static final class NoOrder implements CommitOrder {
    private byte[] last = {};

    @Override
    public CompletionStage<Reply> submit(byte[] request) {
      last = request;
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
  static final class Node {
    final ClusterConfig config;
    final KeyValueStore disk;
    final ReplicatedStore store;
    final GroupState state;
    final Checkpoints checkpoints;
    private final NoOrder order = new NoOrder();

    Node(KeyValueStore disk, ClusterConfig config, StoreConfig storeConfig) {
      this.config = config;
      this.disk = disk;
      this.store = ReplicatedStore.create(storeConfig, order, null, InstantSource.system());
      this.state = new GroupState(config.group(), store, Set.of());
      this.checkpoints = new Checkpoints(config, disk, store, state, Set.of());
    }

    List<Outcome> apply(LogEntry entry) throws IOException {
      byte[] bytes = entry.encode();
      List<Outcome> outcomes = new ArrayList<>();
      long index = state.appliedIndex();
      byte[] key = ConsensusLog.key(config.group(), index);
      byte[] run = WireFormat.write(Entries.of(bytes));
      disk.write(new KeyValueBatch().put(ConsensusLog.ENTRIES, key, run), Sync.WRITTEN);
      state.apply(index, ByteBuffer.wrap(bytes), (_, outcome) -> outcomes.add(outcome));
      checkpoints.applied(index, bytes.length, state.takeChanges());
      assertThat(bytes).as("what is applied shares these bytes").isEqualTo(entry.encode());
      return outcomes;
    }

    void commit(long version, byte[] request) throws IOException {
      Submission commit = new Submission.Commit(CommitIds.of(1, version), 1, request);
      var _ = apply(new LogEntry.Batch(config.group(), version, List.of(commit)));
    }

    /** Lets nobody read before a version any more. */
    void forgetBefore(long version) throws IOException {
      var _ = apply(new LogEntry.Tick(config.group(), state.clock() + 1, version, 0));
    }

    byte[] update(long from, long to, String text) {
      try (Transaction tx = store.store().begin()) {
        Table table = store.store().table("texts").orElseThrow();
        for (long id = from; id < to; id++) {
          tx.upsert(table, table.row(id, text + "x".repeat(500)));
        }
        return store.request(tx);
      }
    }

    /** {@return a request to drop the table} */
    byte[] drop() {
      Khonsu its = store.store();
      assertThatThrownBy(() -> its.dropTable(its.table("texts").orElseThrow()))
          .isInstanceOf(UnavailableException.class);
      return order.last;
    }

    List<Row> rows() {
      try (Snapshot snapshot = store.store().localSnapshot()) {
        return snapshot.scan(store.store().table("texts").orElseThrow(), Scan.all()).rows();
      }
    }

    void write() throws IOException {
      KeyValueBatch batch = new KeyValueBatch();
      int count = checkpoints.commits().write(batch);
      disk.write(batch, Sync.WRITTEN);
      checkpoints.commits().written(count);
    }

    void checkpoint() throws IOException {
      checkpoints.want();
      takeCheckpoint();
    }

    /** Takes a checkpoint, and frees the disk of the entries that nobody needs. */
    void takeCheckpoint() throws IOException {
      assertThat(checkpoints.takeIfDue()).isNotNull();
      reclaimEntries(0, checkpoints.firstEntry());
    }

    void reclaimEntries(long from, long to) throws IOException {
      long group = config.group();
      disk.reclaim(
          ConsensusLog.ENTRIES, ConsensusLog.key(group, from), ConsensusLog.key(group, to));
    }

    /** Goes on with a base until it is there. */
    void finishBase() throws IOException {
      write();
      while (checkpoints.work()) {
        assertThat(store.newestVersion()).isPositive();
      }
    }

    /** Lets a base take the place of the commits that it stands for. */
    void changeBase() throws IOException {
      finishBase();
      takeCheckpoint();
    }

    List<StagedChunk> snapshot() throws IOException {
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

    /** Puts a part of a good snapshot aside. */
    void stage(StagedChunk chunk) throws IOException {
      Input.SnapshotChecked checked = checkpoints.stage(chunk);
      assertThat(checked != null).isEqualTo(chunk.isLast());
      assertThat(checked == null || checked.isGood()).isTrue();
    }

    void install(StagedChunk last) throws IOException {
      KeyValueBatch batch = new KeyValueBatch();
      checkpoints.install(last.snapshot(), batch);
      disk.write(batch, Sync.SYNCED);
      checkpoints.installed();
    }

    void close() {
      checkpoints.close();
      store.close();
    }
  }

  final Node node(KeyValueStore disk) throws IOException {
    return node(disk, Nodes.withSmallCheckpoints(Nodes.config(5, 1, 1, 2)));
  }

  final Node node(KeyValueStore disk, ClusterConfig config) throws IOException {
    return node(disk, config, STORE);
  }

  final Node node(KeyValueStore disk, ClusterConfig config, StoreConfig store) throws IOException {
    Node node = new Node(disk, config, store);
    nodes.add(node);
    node.checkpoints.load();
    return node;
  }

  static KeyValueStore disk() throws IOException {
    return Nodes.inMemory().open(Nodes.config(5, 1, 1, 2), NodePresence.NEW);
  }

  @AfterEach
  void close() {
    nodes.forEach(Node::close);
  }

  static void begin(List<Node> all) throws IOException {
    Node first = all.getFirst();
    byte[] creation = first.store.request(TEXTS);
    Submission open = new Submission.OpenSession(new Member(1, 0), 1, 1);
    for (Node node : all) {
      var _ = node.apply(new LogEntry.Batch(node.config.group(), 1_000_000, List.of(open)));
      node.commit(1_000_010, creation);
    }
  }

  static void commit(List<Node> all, long version, long from, long to, String text)
      throws IOException {
    byte[] request = all.getFirst().update(from, to, text);
    for (Node node : all) {
      node.commit(version, request);
    }
  }

  static List<Long> versions(Node node) throws IOException {
    List<Long> versions = new ArrayList<>();
    node.checkpoints.commits().read(0, record -> versions.add(record.version()));
    return versions;
  }

  static byte[] append(Node node, String key, String text) {
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

  static Submission submission(long number, byte[] request) {
    return new Submission.Commit(CommitIds.of(1, number), 1, request);
  }
}
