package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.CommitStatus;
import io.khonsu.NodePresence;
import io.khonsu.ReplicatedStore;
import io.khonsu.Row;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
    private final ReplicatedStore store =
        ReplicatedStore.create(Nodes.STORE, new NoOrder(), null, InstantSource.system());
    private final GroupState state;
    private final Checkpoints checkpoints;

    private Node(KeyValueStore disk) {
      this.config = Nodes.withSmallCheckpoints(Nodes.config(5, 1, 1, 2));
      this.disk = disk;
      this.state = new GroupState(config.group(), store, Set.of());
      this.checkpoints = new Checkpoints(config, disk, store, state, Set.of());
    }

    private void apply(LogEntry entry) {
      byte[] bytes = entry.encode();
      state.apply(state.appliedIndex(), ByteBuffer.wrap(bytes), (_, _) -> {});
      checkpoints.applied(bytes.length, state.takeCommits());
    }

    private void commit(long version, byte[] request) {
      Submission commit = new Submission.Commit(CommitIds.of(1, version), 1, request);
      apply(new LogEntry.Batch(config.group(), version, List.of(commit)));
    }

    /** Lets nobody read before a version any more. */
    private void forgetBefore(long version) {
      apply(new LogEntry.Tick(config.group(), state.clock() + 1, version, 0));
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
      assertThat(checkpoints.takeIfDue()).isNotNull();
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
      assertThat(checkpoints.takeIfDue()).isNotNull();
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
    Node node = new Node(disk);
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

  private static void begin(List<Node> all) {
    Node first = all.getFirst();
    byte[] creation = first.store.request(TEXTS);
    Submission open = new Submission.OpenSession(new Member(1, 0), 1, 1);
    for (Node node : all) {
      node.apply(new LogEntry.Batch(node.config.group(), 1_000_000, List.of(open)));
      node.commit(1_000_010, creation);
    }
  }

  private static void commit(List<Node> all, long version, long from, long to, String text) {
    byte[] request = all.getFirst().update(from, to, text);
    all.forEach(node -> node.commit(version, request));
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
    both.forEach(node -> node.forgetBefore(1_000_030));
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
    both.forEach(node -> node.forgetBefore(1_000_020));
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
    KeyValueBatch batch = new KeyValueBatch();
    node.checkpoints.commits().trim(1_000_030, batch);
    disk.write(batch, Sync.SYNCED);
    assertThatThrownBy(() -> node(disk))
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("the commits take");
  }
}
