package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.SnapshotTooOldException;
import io.khonsu.Table;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What happens to bases and fetched states in an unlucky order, step by step. */
class CheckpointsTest extends SteppedNodes {
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
      behind.stage(chunk);
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

  /** Small ones are worth it from twice the size of a checkpoint on, here 4 kB. */
  @Test
  void largeItems_areWorthABase_whenTheyTakeFourTimesAsMuch() throws Exception {
    Node node = node(disk());
    begin(List.of(node));
    for (int commits = 1; commits <= 3; commits++) {
      commitLarge(node, 1_000_020 + 10 * commits);
      node.forgetBefore(node.state.clock());
      node.checkpoint();
      assertThat(node.checkpoints.commits().sizeBytes()).isGreaterThan(4_500L * commits);
      assertThat(node.checkpoints.work()).as("a base after %d commits", commits).isFalse();
    }
    commitLarge(node, 1_000_090);
    node.forgetBefore(node.state.clock());
    node.checkpoint();
    assertThat(node.checkpoints.work()).isTrue();
    node.changeBase();
    assertThat(node.checkpoints.commits().sizeBytes()).isLessThan(4_500);
  }

  /** A base stands for what nobody reads before any more, and what comes after that is kept. */
  @Test
  void largeItems_thatABaseDoesNotStandFor_areStillLarge() throws Exception {
    Node node = node(disk());
    begin(List.of(node));
    for (int commits = 1; commits <= 4; commits++) {
      commitLarge(node, 1_000_020 + 10 * commits);
    }
    node.forgetBefore(1_000_040);
    node.checkpoint();
    node.changeBase();
    assertThat(node.checkpoints.commits().trimmedVersion()).isEqualTo(1_000_040);
    assertThat(node.checkpoints.commits().sizeBytes()).isBetween(9_000L, 12_000L);
    node.forgetBefore(node.state.clock());
    node.checkpoint();
    assertThat(node.checkpoints.work()).isFalse();
  }

  private static void commitLarge(Node node, long version) throws Exception {
    commit(List.of(node), version, 0, 1, "x".repeat(4_000));
  }

  @Test
  void smallItems_areWorthABase_fromTwiceACheckpointOn() throws Exception {
    Node node = node(disk());
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 9, "one ");
    node.forgetBefore(node.state.clock());
    node.checkpoint();
    assertThat(node.checkpoints.commits().sizeBytes()).isBetween(4_000L, 6_000L);
    assertThat(node.checkpoints.work()).isTrue();
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
      behind.stage(chunk);
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
      behind.stage(chunk);
    }
    for (StagedChunk chunk : chunks) {
      behind.stage(chunk);
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
}
