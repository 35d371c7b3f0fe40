package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Row;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.SnapshotTooOldException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bases take the place of commits: what nodes keep is bounded by what the store holds. */
@Timeout(300)
class BasesTest {
  private static final Schema COLUMNS =
      new Schema(
          List.of(
              Field.notNullable("id", new ArrowType.Int(64, true)),
              Field.notNullable("text", ArrowType.Utf8.INSTANCE)));

  private static final TableSpec TEXTS = TableSpec.rows("texts", COLUMNS).primaryKey("id");
  private static final TableSpec GONE = TableSpec.rows("gone", COLUMNS).primaryKey("id");

  private int round;

  /** A configuration by which history is soon too old for requests, and checkpoints are small. */
  private static ClusterConfig config(long id, long... nodes) {
    return Nodes.withSmallCheckpoints(ClusterConfig.of(5, id, nodes))
        .with(
            new ClusterConfig.Times(
                Duration.ofMillis(10),
                Duration.ofSeconds(20),
                Duration.ofMillis(200),
                Duration.ofMillis(20),
                Duration.ofMillis(500),
                Duration.ofMinutes(10)));
  }

  private static Nodes nodes() throws IOException {
    Nodes nodes = new Nodes(0);
    for (long id = 1; id <= 3; id++) {
      start(nodes, id, NodePresence.NEW);
    }
    return nodes;
  }

  private static void start(Nodes nodes, long id, NodePresence presence) throws IOException {
    nodes.start(config(id, 1, 2, 3), presence, nodes.network().of(id));
  }

  private static Table table(Khonsu store) {
    return store.table("texts").orElseGet(() -> store.createTable(TEXTS));
  }

  /** Gives some rows other values. */
  private void update(ClusterMember member, long from, long to) {
    round++;
    Khonsu store = member.store();
    Table table = table(store);
    for (long id = from; id < to; id++) {
      Row row = table.row(id, "round " + round);
      run(store, tx -> tx.upsert(table, row));
    }
  }

  /** Commits; a machine that stands still lets a transaction become too old. */
  private static void run(Khonsu store, Consumer<Transaction> body) {
    boolean done = false;
    while (!done) {
      try {
        store.run(body::accept);
        done = true;
      } catch (SnapshotTooOldException e) {
        assertThat(e).hasMessageContaining("too old"); // once more
      }
    }
  }

  private void updateUntilTrimmed(Nodes nodes, long node, long beyond) {
    while (nodes.member(node).history().trimmedVersion() <= beyond) {
      update(nodes.member(node), 0, 10);
    }
  }

  /** {@return all rows, as of all that was acknowledged} */
  private static List<Row> rows(ClusterMember member) {
    try (Snapshot snapshot = member.store().snapshot()) {
      return snapshot.scan(table(member.store()), Scan.all()).rows();
    }
  }

  @Test
  void commits_goThatABaseStandsFor_andTheRestIsReadable() throws Exception {
    try (Nodes nodes = nodes()) {
      for (long id = 1; id <= 3; id++) {
        long first = 0;
        for (int bases = 0; bases < 3; bases++) {
          updateUntilTrimmed(nodes, id, first);
          first = nodes.member(id).history().trimmedVersion();
        }
      }
      ReplicatedHistory history = nodes.member(1).history();
      assertThatThrownBy(() -> history.read(0, _ -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not kept any more");
      long last = history.lastVersion();
      List<Long> versions = new ArrayList<>();
      history.read(last - 1, record -> versions.add(record.version()));
      assertThat(versions).startsWith(last);
    }
  }

  @Test
  void nodes_thatStartFromABase_haveAllThatWasCommitted() throws Exception {
    try (Nodes nodes = nodes()) {
      update(nodes.member(1), 0, 50);
      for (long id = 1; id <= 3; id++) {
        updateUntilTrimmed(nodes, id, 0);
      }
      update(nodes.member(2), 5, 15);
      List<Row> expected = rows(nodes.member(1));
      var id = nodes.member(1).history().id();
      for (long node = 1; node <= 3; node++) {
        nodes.stop(node);
      }
      for (long node = 1; node <= 3; node++) {
        start(nodes, node, NodePresence.EXISTING);
      }
      for (long node = 1; node <= 3; node++) {
        assertThat(rows(nodes.member(node))).isEqualTo(expected);
        assertThat(nodes.member(node).history().id()).isEqualTo(id);
        assertThat(nodes.member(node).history().trimmedVersion()).isPositive();
      }
      update(nodes.member(3), 0, 5);
      assertThat(rows(nodes.member(1))).isEqualTo(rows(nodes.member(3)));
    }
  }

  /** What was deleted meanwhile is nowhere in what it gets: no commit, no row. */
  @Test
  void nodeThatWasAway_losesWhatWasDeletedMeanwhile() throws Exception {
    try (Nodes nodes = nodes()) {
      update(nodes.member(1), 0, 200);
      Table gone = nodes.member(1).store().createTable(GONE);
      assertThat(rows(nodes.member(3))).hasSize(200);
      nodes.stop(3);
      Khonsu store = nodes.member(1).store();
      store.dropTable(gone);
      run(
          store,
          tx -> {
            for (long id = 50; id < 150; id++) {
              tx.delete(table(store), id);
            }
          });
      long deleted = nodes.member(1).history().lastVersion();
      for (long id = 1; id <= 2; id++) {
        updateUntilTrimmed(nodes, id, deleted);
      }
      start(nodes, 3, NodePresence.EXISTING);
      assertThat(rows(nodes.member(3))).hasSize(100).isEqualTo(rows(nodes.member(1)));
      assertThat(nodes.member(3).store().table("gone")).isEmpty();
      assertThat(nodes.member(3).status().counts().snapshotsInstalled()).isPositive();
      nodes.stop(1); // now what it got is needed
      update(nodes.member(3), 0, 10);
      assertThat(rows(nodes.member(3))).isEqualTo(rows(nodes.member(2)));
      nodes.stop(3);
      start(nodes, 3, NodePresence.EXISTING);
      assertThat(rows(nodes.member(3))).isEqualTo(rows(nodes.member(2)));
      start(nodes, 1, NodePresence.EXISTING);
    }
  }

  @Test
  void nodeThatJoins_getsABase() throws Exception {
    try (Nodes nodes = nodes()) {
      update(nodes.member(1), 0, 100);
      for (long id = 1; id <= 3; id++) {
        updateUntilTrimmed(nodes, id, 0);
      }
      nodes.start(config(4, 1, 2, 3, 4), NodePresence.JOINING, nodes.network().of(4));
      assertThat(nodes.member(1).changeMembers(new MemberChange(Map.of(4L, "node-4"), Set.of())))
          .isInstanceOf(ChangeResult.Changed.class);
      while (nodes.member(4).status().membership().standing() != Standing.MEMBER) {
        Thread.sleep(1); // until it has heard of it
      }
      assertThat(rows(nodes.member(4))).hasSize(100).isEqualTo(rows(nodes.member(1)));
      assertThat(nodes.member(4).history().trimmedVersion()).isPositive();
    }
  }

  @Test
  void commitsThatAreHeld_areKept_alsoOverARestart_untilTheyAreReleased() throws Exception {
    try (Nodes nodes = nodes()) {
      nodes.member(1).history().hold(0);
      update(nodes.member(1), 0, 10);
      updateUntilTrimmed(nodes, 2, 0);
      assertThat(nodes.member(1).history().trimmedVersion()).isZero();
      nodes.stop(1);
      start(nodes, 1, NodePresence.EXISTING);
      updateUntilTrimmed(nodes, 2, nodes.member(2).history().lastVersion());
      rows(nodes.member(1));
      ReplicatedHistory history = nodes.member(1).history();
      assertThat(history.trimmedVersion()).isZero();
      List<Long> versions = new ArrayList<>();
      history.read(0, record -> versions.add(record.version()));
      assertThat(versions).hasSizeGreaterThan(20).isSorted();
      history.hold(versions.get(5));
      history.release();
      updateUntilTrimmed(nodes, 1, 0);
    }
  }
}
