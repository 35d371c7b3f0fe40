package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.CommitStatus;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Row;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableDroppedException;
import io.khonsu.TableExistsException;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.TransactionConflictException;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.spi.StorageRefusedException;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** The transactions of a cluster, over real threads, with disks in memory. */
class ClusterTest {
  private static final ArrowType INT64 = new ArrowType.Int(64, true);
  private static final TableSpec ACCOUNTS =
      TableSpec.rows(
              "accounts",
              new Schema(
                  List.of(Field.notNullable("id", INT64), Field.notNullable("balance", INT64))))
          .primaryKey("id");

  private static Table accounts(Khonsu store) {
    return store.table("accounts").orElseThrow();
  }

  private static long balance(Khonsu store, long id) {
    try (Snapshot snapshot = store.snapshot()) {
      return snapshot.get(accounts(store), id).map(row -> row.getLong("balance")).orElse(-1L);
    }
  }

  private static void put(Khonsu store, long id, long balance) {
    store.run(tx -> tx.upsert(accounts(store), accounts(store).row(id, balance)));
  }

  @Test
  void commit_onOneNode_isSeenOnAll() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      Table table = nodes.member(1).store().createTable(ACCOUNTS);
      assertThat(table.name()).isEqualTo("accounts");
      put(nodes.member(1).store(), 1, 100);
      for (long id = 1; id <= 3; id++) {
        assertThat(balance(nodes.member(id).store(), 1)).isEqualTo(100);
      }
    }
  }

  @Test
  void transfers_fromAllNodesAtOnce_keepTheTotal() throws Exception {
    int accounts = 8;
    try (Nodes nodes = new Nodes(3);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      nodes.member(1).store().createTable(ACCOUNTS);
      for (int id = 0; id < accounts; id++) {
        put(nodes.member(1).store(), id, 100);
      }
      List<Future<?>> done =
          IntStream.range(0, 12)
              .<Future<?>>mapToObj(number ->
                  threads.submit(
                      () -> transfer(nodes.member(number % 3 + 1).store(), number, accounts)))
              .toList();
      for (Future<?> each : done) {
        each.get();
      }
      for (long node = 1; node <= 3; node++) {
        Khonsu store = nodes.member(node).store();
        long total = store.readOnly(view -> sum(view.scan(accounts(store)).rows()));
        assertThat(total).isEqualTo(100L * accounts);
      }
    }
  }

  private static long sum(List<Row> rows) {
    return rows.stream().mapToLong(row -> row.getLong("balance")).sum();
  }

  private static void transfer(Khonsu store, int number, int accounts) {
    nodesTable(store);
    for (int i = 0; i < 15; i++) {
      long from = (number + (long) i) % accounts;
      long to = (number * 3L + i * 5L + 1) % accounts;
      store.run(tx -> {
        Table table = accounts(store);
        long left = tx.get(table, from).orElseThrow().getLong("balance");
        tx.upsert(table, table.row(from, left - 1));
        long right = tx.get(table, to).orElseThrow().getLong("balance");
        tx.upsert(table, table.row(to, right + 1));
      });
    }
  }

  /** A snapshot that asks the others brings this node up to date, tables included. */
  private static void nodesTable(Khonsu store) {
    try (Snapshot snapshot = store.snapshot()) {
      assertThat(snapshot.version()).isPositive();
    }
  }

  @Test
  void staleRead_atCommit_isAConflict() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      Khonsu one = nodes.member(1).store();
      one.createTable(ACCOUNTS);
      put(one, 1, 5);
      Khonsu two = nodes.member(2).store();
      nodesTable(two);
      try (Transaction tx = two.begin()) {
        assertThat(tx.get(accounts(two), 1L).orElseThrow().getLong("balance")).isEqualTo(5);
        assertThat(tx.get(accounts(two), 2L)).isEmpty();
        put(one, 2, 7);
        tx.upsert(accounts(two), accounts(two).row(3L, 1L));
        assertThatThrownBy(tx::commit)
            .isInstanceOf(TransactionConflictException.class)
            .hasMessageContaining("accounts");
      }
      assertThat(balance(one, 3)).isEqualTo(-1);
      try (Transaction tx = two.begin()) {
        assertThat(tx.scan(accounts(two)).rows()).hasSize(2);
        put(one, 4, 7);
        assertThatThrownBy(tx::commit).isInstanceOf(TransactionConflictException.class);
      }
    }
  }

  @Test
  void tables_areCreatedOnce_andDroppedForAll() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      Khonsu one = nodes.member(1).store();
      Khonsu two = nodes.member(2).store();
      one.createTable(ACCOUNTS);
      assertThatThrownBy(() -> two.createTable(ACCOUNTS)).isInstanceOf(TableExistsException.class);
      nodesTable(two);
      try (Transaction tx = two.begin()) {
        tx.upsert(accounts(two), accounts(two).row(1L, 1L));
        one.dropTable(accounts(one));
        assertThatThrownBy(tx::commit).isInstanceOf(TableDroppedException.class);
      }
      nodesTable(two);
      assertThat(two.table("accounts")).isEmpty();
      assertThat(two.createTable(ACCOUNTS).name()).isEqualTo("accounts");
    }
  }

  @Test
  void lossOfTheLeader_isSurvived_andItComesBack() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      nodes.member(1).store().createTable(ACCOUNTS);
      put(nodes.member(1).store(), 1, 1);
      long leader = nodes.member(1).status().leader();
      nodes.stop(leader);
      long other = leader % 3 + 1;
      // Which this one may have to learn first, as of the table.
      assertThat(balance(nodes.member(other).store(), 1)).isEqualTo(1);
      put(nodes.member(other).store(), 2, 2);
      nodes.start(leader, NodePresence.EXISTING);
      assertThat(balance(nodes.member(leader).store(), 1)).isEqualTo(1);
      assertThat(balance(nodes.member(leader).store(), 2)).isEqualTo(2);
    }
  }

  @Test
  void lostDisk_isRefused() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      Surroundings empty =
          new Surroundings(
              io.khonsu.StoreConfig.defaults(),
              nodes.disk(ClusterConfig.of(5, 9, 9), NodePresence.NEW),
              nodes.network().of(9),
              null,
              InstantSource.system(),
              Set.of());
      assertThatThrownBy(
              () -> Cluster.join(ClusterConfig.of(5, 9, 9), NodePresence.EXISTING, empty))
          .isInstanceOf(StorageRefusedException.class)
          .hasMessageContaining("as one that joins");
    }
  }

  @Test
  void foreignDisk_isRefused() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      nodes.stop(1);
      Surroundings foreign =
          new Surroundings(
              io.khonsu.StoreConfig.defaults(),
              nodes.disk(nodes.config(1), NodePresence.EXISTING),
              nodes.network().of(2),
              null,
              InstantSource.system(),
              Set.of());
      assertThatThrownBy(
              () -> Cluster.join(ClusterConfig.of(5, 2, 1, 2), NodePresence.EXISTING, foreign))
          .isInstanceOf(StorageRefusedException.class)
          .hasMessageContaining("its own directory");
    }
  }

  @Test
  void unansweredCommit_isUnknown_untilItsOutcomeIsAsked() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      Khonsu one = nodes.member(1).store();
      one.createTable(ACCOUNTS);
      put(one, 1, 1);
      long commitId = CommitIds.of(1, 77);
      assertThat(nodes.member(2).store().outcome(commitId))
          .isEqualTo(new CommitStatus.NotCommitted());
      assertThat(nodes.member(2).store().outcome(commitId))
          .isEqualTo(new CommitStatus.NotCommitted());
      assertThat(nodes.member(2).store().outcome(CommitIds.of(5_000, 1)))
          .isEqualTo(new CommitStatus.Forgotten());
    }
  }
}
