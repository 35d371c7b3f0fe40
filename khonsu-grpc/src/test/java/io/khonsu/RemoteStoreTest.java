package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.grpc.ClientSettings;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.ConflictType;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Clients of a cluster: what only they do. */
@ExtendWith(LeakChecking.class)
@Timeout(300)
class RemoteStoreTest {
  private BufferAllocator allocator;
  private final List<ClientCluster> clusters = new ArrayList<>();
  private final List<Store> clients = new ArrayList<>();

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  @AfterEach
  void tearDown() {
    clients.forEach(Store::close);
    for (ClientCluster cluster : clusters) {
      cluster.close();
    }
  }

  private ClientCluster cluster(int nodes) throws IOException {
    ClientCluster cluster = new ClientCluster(nodes, allocator);
    clusters.add(cluster);
    return cluster;
  }

  private Store connect(String address) {
    Store client =
        Khonsu.connect(address + "?timeoutSeconds=250", StoreConfig.defaults(), allocator);
    clients.add(client);
    return client;
  }

  private static String only(ClientCluster cluster, long node) {
    return "khonsu://127.0.0.1:" + cluster.door(node).getPort();
  }

  private static void add(Store db, Table table, String id, long amount) {
    db.run(tx -> tx.upsert(table, table.row(id, Math.max(0, Items.value(tx, table, id)) + amount)));
  }

  @Test
  void everyNodeIsRestarted_oneAfterTheOther_andNoCallFails() throws Exception {
    ClientCluster cluster = cluster(3);
    Store db = connect(cluster.address());
    Table table = Items.rows(db, "items");
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicLong acknowledged = new AtomicLong();
    try (Threads.Running running =
        Threads.start(
            3,
            number -> {
              while (!isOver.get()) {
                add(db, table, "shared", 1);
                long done = acknowledged.incrementAndGet();
                add(db, table, "own" + number, 1);
                long seen = db.readOnly(snapshot -> Items.value(snapshot, table, "shared"));
                assertThat(seen).isGreaterThanOrEqualTo(done);
              }
            })) {
      for (long node = 1; node <= 3; node++) {
        long before = acknowledged.get();
        Threads.awaitUntil(() -> acknowledged.get() > before + 3 || !running.isAnyAlive());
        cluster.stop(node);
        long stopped = acknowledged.get();
        Threads.awaitUntil(() -> acknowledged.get() > stopped + 3 || !running.isAnyAlive());
        cluster.restart(node);
        try (Snapshot current = cluster.member(node).store().snapshot()) {
          assertThat(current.version()).isPositive(); // it takes part again
        }
      }
      isOver.set(true);
      running.join();
    }
    try (Snapshot snapshot = db.snapshot()) {
      assertThat(Items.value(snapshot, table, "shared")).isEqualTo(acknowledged.get());
    }
  }

  @Test
  void answersThatAreLost_areAskedForAgain_andCommitsCountOnce() throws Exception {
    ClientCluster cluster = cluster(1);
    AtomicInteger questions = new AtomicInteger();
    cluster.guard(door ->
        question -> {
          byte[] answer = door.apply(question);
          if (questions.incrementAndGet() % 3 == 0) {
            throw new IllegalStateException("on purpose: the answer is lost");
          }
          return answer;
        });
    Store db = connect(cluster.address());
    Table table = Items.rows(db, "items");
    for (int i = 1; i <= 20; i++) {
      add(db, table, "a", 1);
    }
    try (Snapshot snapshot = db.snapshot()) {
      assertThat(Items.value(snapshot, table, "a")).isEqualTo(20);
    }
  }

  /** A node that takes two questions at a time, and many who want the same row. */
  @Test
  void hotRow_andANodeThatIsBusy_costTime_andNoUpdate() throws Exception {
    ClientCluster cluster = cluster(1);
    Store db = connect(cluster.address());
    Table table = Items.rows(db, "items");
    var limits = new ClientSettings.Limits(6 << 10, 2, 10 << 10, Duration.ofSeconds(5));
    cluster.listen(
        1,
        usual ->
            new ClientSettings(
                usual.clusterId(), usual.listen(), usual.tls(), usual.plainText(), limits));
    cluster.guard(door ->
        question -> {
          Threads.awaitUntil(() -> cluster.listener(1).refusals() > 0); // of the third
          return door.apply(question);
        });
    try (Threads.Running running =
        Threads.start(
            8,
            _ -> {
              for (int i = 0; i < 5; i++) {
                add(db, table, "hot", 1);
              }
            })) {
      running.join();
    }
    assertThat(cluster.listener(1).refusals()).isPositive();
    try (Snapshot snapshot = db.snapshot()) {
      assertThat(Items.value(snapshot, table, "hot")).isEqualTo(40);
    }
  }

  @Test
  void transactionThatOnlyWrites_asksOnce_andOneThatReads_once_more() throws Exception {
    ClientCluster cluster = cluster(1);
    AtomicInteger questions = new AtomicInteger();
    cluster.guard(door ->
        question -> {
          questions.incrementAndGet();
          return door.apply(question);
        });
    Store db = connect(cluster.address());
    Table table = Items.rows(db, "items");
    db.run(tx -> tx.upsert(table, table.row("a", 1L)));
    int before = questions.get();
    db.run(tx -> {
      tx.upsert(table, table.row("b", 1L));
      tx.delete(table, "a");
    });
    assertThat(questions.get() - before).isEqualTo(1);
    db.run(tx -> tx.upsert(table, table.row("b", Items.value(tx, table, "b") + 1)));
    assertThat(questions.get() - before).isEqualTo(4); // which version, the row, the commit
  }

  @Test
  void conflict_isExplained_asItIsInAStoreOfOnesOwn() throws Exception {
    ClientCluster cluster = cluster(1);
    Store one = connect(cluster.address());
    Store other = connect(cluster.address());
    Table table = Items.rows(one, "items");
    Table same = other.table("items").orElseThrow();
    try (Transaction tx = one.begin()) {
      assertThat(tx.scan(table, KeyRange.prefix("a")).rowCount()).isZero();
      tx.upsert(table, table.row("z", 1L));
      Items.put(other, same, "a/1", 7);
      assertThatThrownBy(tx::commit)
          .isInstanceOfSatisfying(
              TransactionConflictException.class,
              e -> {
                TableConflict conflict = e.conflicts().getFirst();
                assertThat(conflict.type()).isEqualTo(ConflictType.READ_WRITE);
                assertThat(conflict.table()).isEqualTo("items");
                assertThat(conflict.key()).contains("a/1");
                assertThat(conflict.range()).isPresent();
              });
    }
    assertThat(Items.state(one, table)).doesNotContainKey("z");
  }

  @Test
  void otherClients_atOtherNodes_seeWhatWasAcknowledged() throws Exception {
    ClientCluster cluster = cluster(3);
    Store one = connect(only(cluster, 1));
    Store other = connect(only(cluster, 2));
    Table table = Items.rows(one, "items");
    Table same = other.table("items").orElseThrow();
    for (long i = 1; i <= 10; i++) {
      Items.put(one, table, "a", i);
      assertThat(Items.state(other, same)).containsEntry("a", i);
    }
    long version = one.newestVersion();
    Items.put(other, same, "a", 11);
    try (Snapshot past = one.snapshotAt(version)) {
      assertThat(Items.value(past, table, "a")).isEqualTo(10);
    }
  }

  @Test
  void typedExceptions_areTheSame() throws Exception {
    ClientCluster cluster = cluster(1);
    Store db = connect(cluster.address());
    Store other = connect(cluster.address());
    Table table = Items.rows(db, "items");
    Table same = other.table("items").orElseThrow();
    assertThatThrownBy(() -> Items.rows(other, "items")).isInstanceOf(TableExistsException.class);
    Items.put(db, table, "a", 1);
    assertThatThrownBy(() -> db.run(tx -> tx.insert(table, table.row("a", 2L))))
        .isInstanceOf(DuplicateKeyException.class);
    assertThatThrownBy(() -> db.run(tx -> tx.update(table, table.row("b", 2L))))
        .isInstanceOf(MissingKeyException.class);
    assertThatThrownBy(() -> db.run(tx -> tx.upsert(table, table.row("a", "text"))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> db.run(tx -> tx.merge(table, Merges.add("value", 1), "a")))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> db.snapshotAt(Long.MAX_VALUE >> 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("newer");
    assertThatThrownBy(() -> db.snapshotAt(-1)).isInstanceOf(SnapshotTooOldException.class);
    assertThatThrownBy(() -> other.readOnly(snapshot -> snapshot.get(table, "a")))
        .isInstanceOf(UnknownTableException.class);
    db.dropTable(table);
    assertThatThrownBy(() -> Items.put(other, same, "a", 2))
        .isInstanceOf(TableDroppedException.class);
    assertThatThrownBy(() -> other.readOnly(snapshot -> snapshot.get(same, "a")))
        .isInstanceOf(TableDroppedException.class);
    db.close();
    assertThatThrownBy(() -> db.tables()).isInstanceOf(StoreClosedException.class);
  }

  @Test
  void addresses_thatAreWrong_areRefused_withWhatIsRight() throws Exception {
    assertThatThrownBy(() -> Khonsu.connect("http://127.0.0.1:1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("khonsu://");
    assertThatThrownBy(() -> Khonsu.connect("khonsu://here"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("HOST:PORT");
    assertThatThrownBy(() -> Khonsu.connect("khonsu://127.0.0.1:70000"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Khonsu.connect("khonsu://127.0.0.1:1?tls.certificat=x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tls.certificat");
    assertThatThrownBy(() -> Khonsu.connect("khonsu://127.0.0.1:1?timeoutSeconds=soon"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("timeoutSeconds");
    assertThatThrownBy(() ->
            Khonsu.connect(
                "khonsu://127.0.0.1:1?tls.certificate=/no.pem&tls.key=b&tls.authorities=c"))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("tls.certificate names /no.pem, which is not there");
    assertThatThrownBy(() -> Khonsu.connect("khonsu://127.0.0.1:1?timeoutSeconds=1"))
        .isInstanceOf(UnavailableException.class)
        .hasMessageContaining("no node answers");
  }

  @Test
  void largeScans_comeInParts_asVectors() throws Exception {
    ClientCluster cluster = cluster(1);
    Store db = connect(cluster.address());
    Table table = Items.rows(db, "items");
    int count = 40_000;
    for (int part = 0; part < 4; part++) {
      int from = part * count / 4;
      db.run(tx -> {
        for (int i = from; i < from + count / 4; i++) {
          tx.upsert(table, table.row("k%06d".formatted(i), (long) i));
        }
      });
    }
    try (Snapshot snapshot = db.snapshot()) {
      long sum = 0;
      long rows = 0;
      for (RecordBatch batch : snapshot.scan(table)) {
        BigIntVector values = (BigIntVector) batch.vector("value");
        for (int i = 0; i < batch.rowCount(); i++) {
          sum += values.get(i);
        }
        rows += batch.rowCount();
      }
      assertThat(rows).isEqualTo(count);
      assertThat(sum).isEqualTo((count - 1L) * count / 2);
      Scan some = Scan.all().where(RowFilter.column("value").mod(1_000).eq(0L)).columns("id");
      assertThat(snapshot.scan(table, some).rowCount()).isEqualTo(40);
    }
  }

  @Test
  void clientsThatGoAway_leaveNothing() throws Exception {
    ClientCluster cluster = cluster(1);
    Store db = connect(cluster.address());
    Table table = Items.rows(db, "items");
    db.run(tx -> {
      for (int i = 0; i < 5_000; i++) {
        tx.upsert(table, table.row("k%06d".formatted(i), (long) i));
      }
    });
    for (int round = 0; round < 8; round++) {
      Store leaving = connect(cluster.address());
      Table same = leaving.table("items").orElseThrow();
      try (Threads.Running running =
          Threads.start(
              2,
              number -> {
                try {
                  while (true) {
                    leaving.run(tx -> {
                      tx.upsert(same, same.row("own" + number, tx.scan(same).rowCount()));
                    });
                  }
                } catch (StoreClosedException
                    | UnavailableException
                    | CommitOutcomeUnknownException _) {
                  // what a user meets who closes the store under his own feet
                }
              })) {
        int pauses = ThreadLocalRandom.current().nextInt(2_000);
        for (int i = 0; i < pauses; i++) {
          Threads.letOthersRun();
        }
        leaving.close();
        running.join();
      }
    }
    Khonsu node = cluster.member(1).store();
    Threads.awaitUntil(() -> node.statistics().held().openViews() == 0);
  }

  @Test
  void writeThatIgnores_givesWayToWhatCameAfterItAlone() throws Exception {
    ClientCluster cluster = cluster(1);
    Store one = connect(cluster.address());
    Table table = Items.rows(one, "items");
    Store other = connect(cluster.address());
    Table there = other.table("items").orElseThrow();
    one.run(tx -> tx.upsert(table, table.row("a", 1L))); // the other client has not seen it
    other.run(tx -> tx.upsert(there, there.row("a", 2L), ConflictStrategy.IGNORE));
    try (Transaction tx = other.begin()) {
      tx.upsert(there, there.row("b", 3L), ConflictStrategy.IGNORE);
      one.run(first -> first.upsert(table, table.row("b", 4L)));
      assertThat(tx.commit().ignored()).hasSize(1);
    }
    try (Snapshot snapshot = one.snapshot()) {
      assertThat(Items.value(snapshot, table, "a")).isEqualTo(2);
      assertThat(Items.value(snapshot, table, "b")).isEqualTo(4);
    }
  }

  @Test
  void manyWhoWaitInRetry_leaveRoomForWhoWakesThem() throws Exception {
    ClientCluster cluster = cluster(1);
    Store db = connect(cluster.address());
    Table table = Items.rows(db, "items");
    add(db, table, "a", 1);
    AtomicInteger looked = new AtomicInteger();
    List<Thread> waiters = new ArrayList<>();
    for (int i = 0; i < 80; i++) {
      waiters.add(
          Thread.ofVirtual()
              .start(() ->
                  db.run(tx -> {
                    looked.incrementAndGet();
                    if (Items.value(tx, table, "a") < 2) {
                      throw tx.retry();
                    }
                  })));
    }
    while (looked.get() < 80) {
      Thread.sleep(1);
    }
    add(db, table, "a", 1);
    for (Thread waiter : waiters) {
      waiter.join();
    }
    assertThat(looked.get()).isGreaterThanOrEqualTo(160);
  }

  @Test
  void close_endsWhoAsksAClusterThatIsAway() throws Exception {
    ClientCluster cluster = cluster(1);
    Store db =
        Khonsu.connect(
            cluster.address() + "?timeoutSeconds=100000", StoreConfig.defaults(), allocator);
    clients.add(db);
    Table table = Items.rows(db, "items");
    Transaction tx = db.begin();
    cluster.stop(1);
    AtomicReference<Throwable> outcome = new AtomicReference<>();
    Thread reader =
        Thread.ofVirtual()
            .start(() ->
                outcome.set(
                    catchThrowable(() -> {
                      var _ = tx.get(table, "a");
                    })));
    while (reader.getState() != Thread.State.TIMED_WAITING) { // it asks again and again
      Thread.sleep(1);
    }
    db.close();
    reader.join();
    assertThat(outcome.get()).isInstanceOf(StoreClosedException.class);
  }

  @Test
  void nodesOfDifferentClusters_areNotMixed() throws Exception {
    ClientCluster one = cluster(1);
    ClientCluster other = new ClientCluster(1, allocator, 6);
    clusters.add(other);
    Store mixed = connect(one.address() + "," + other.address().substring("khonsu://".length()));
    assertThat(mixed.tables()).isEmpty(); // so it knows one of the clusters
    one.stop(1);
    assertThatThrownBy(
            () -> {
              var _ = mixed.newestVersion(); // it may have known the other one
              one.restart(1);
              other.stop(1);
              var _ = mixed.newestVersion();
            })
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cluster");
  }
}
