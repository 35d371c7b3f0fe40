package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.CommitOutcomeUnknownException;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.StorageException;
import io.khonsu.StoreConfig;
import io.khonsu.StoreException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.UnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster whose memory is used up says so, and stays: something can be deleted then. */
@Timeout(300)
class MemoryLimitTest {
  private static final TableSpec TEXTS =
      TableSpec.rows(
              "texts",
              new Schema(
                  List.of(
                      Field.notNullable("id", new ArrowType.Int(Long.SIZE, true)),
                      Field.notNullable("text", ArrowType.Utf8.INSTANCE))))
          .primaryKey("id");
  private static final int WRITERS_PER_NODE = 2;
  private static final String TEXT = "x".repeat(300 << 10);

  private final AtomicLong lastId = new AtomicLong();

  private static StoreConfig store(long memoryLimitBytes) {
    return StoreConfig.builder()
        .compactionRowsPerSecond(0)
        .memoryLimitBytes(memoryLimitBytes)
        .build();
  }

  private static ClusterConfig quickToForget(ClusterConfig config) {
    return config.with(
        new ClusterConfig.Times(
            Duration.ofMillis(10),
            Duration.ofSeconds(2),
            Duration.ofMillis(200),
            Duration.ofMillis(100),
            Duration.ofMillis(300),
            Duration.ofMinutes(10)));
  }

  private static Nodes nodes(long memoryLimitBytes) throws IOException {
    Nodes nodes = new Nodes(0, store(memoryLimitBytes));
    for (long id = 1; id <= 3; id++) {
      nodes.start(config(id), NodePresence.NEW, nodes.network().of(id));
    }
    return nodes;
  }

  private static ClusterConfig config(long id) {
    return quickToForget(Nodes.config(5, id, 1, 2, 3));
  }

  private static Table texts(Khonsu store) {
    return store.table("texts").orElseThrow();
  }

  private long insert(Khonsu store) {
    long id = lastId.incrementAndGet();
    Table table = texts(store);
    store.run(tx -> tx.insert(table, table.row(id, TEXT)));
    return id;
  }

  /** Inserts until there is no memory; {@return what is said then} */
  private StoreException fill(Khonsu store) {
    while (true) {
      try {
        insert(store);
      } catch (UnavailableException e) {
        return e;
      } catch (CommitOutcomeUnknownException _) {
        // This node had memory, and the leader had none: it has to find out itself.
      }
    }
  }

  private static void awaitSameState(Nodes nodes) throws InterruptedException {
    while (nodes.member(1).status().stateHash() != nodes.member(2).status().stateHash()
        || nodes.member(1).status().stateHash() != nodes.member(3).status().stateHash()) {
      Thread.sleep(1); // what follows is about states, and not about who comes first
    }
  }

  private static List<Long> ids(Khonsu store) {
    try (Snapshot snapshot = store.snapshot()) {
      return snapshot.scan(texts(store), Scan.all().columns("id")).rows().stream()
          .map(row -> row.getLong("id"))
          .toList();
    }
  }

  @Test
  void clusterThatIsFull_refusesCommits_untilSomethingIsDeleted() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Nodes nodes = nodes(24 << 20)) {
      nodes.member(1).store().createTable(TEXTS);
      for (long id = 2; id <= 3; id++) {
        nodes.member(id).store().snapshot().close(); // it knows the table
      }
      List<Future<StoreException>> fillers = new ArrayList<>();
      for (int i = 0; i < 3 * WRITERS_PER_NODE; i++) {
        Khonsu store = nodes.member(1 + i % 3).store();
        fillers.add(threads.submit(() -> fill(store)));
      }
      for (Future<StoreException> filler : fillers) {
        assertThat(filler.get())
            .hasMessageContaining("memory is used up")
            .hasMessageContaining("store.memoryLimitBytes")
            .hasMessageContaining("delete something");
      }
      Khonsu store = nodes.member(2).store();
      Table table = texts(store);
      List<Long> there = ids(store);
      assertThat(there.size()).isBetween(30, 80);
      store.run(tx -> tx.insert(table, table.row(-1L, "small"))); // it fits on the heap
      store.run(tx -> there.forEach(id -> tx.delete(table, id)));
      boolean isPossible = false;
      while (!isPossible) { // as soon as nobody may have read what was deleted
        try {
          insert(store);
          isPossible = true;
        } catch (UnavailableException e) {
          assertThat(e).hasMessageContaining("memory is used up");
        }
      }
      assertThat(ids(store)).containsExactly(-1L, lastId.get());
      awaitSameState(nodes);
      for (long id = 1; id <= 3; id++) {
        assertThat(nodes.member(id).manager().failure()).isNull();
      }
    }
  }

  /** Nothing of it comes into the log, and whoever has handed it in hears so at once. */
  @Test
  void commitThatTheLeaderHasNoMemoryFor_isRefused_alsoByWayOfAnotherNode() throws Exception {
    try (Nodes nodes = new Nodes(0)) {
      nodes.startWith(store(24 << 20), config(1));
      nodes.startWith(store(256 << 20), config(2));
      nodes.startWith(store(256 << 20), config(3));
      nodes.member(1).store().createTable(TEXTS);
      lead(nodes.member(1));
      assertThat(fill(nodes.member(1).store())).isInstanceOf(UnavailableException.class);
      Khonsu other = nodes.member(2).store();
      other.snapshot().close(); // it knows the table
      StoreException refusal = null;
      for (int attempt = 0; attempt < 5 && refusal == null; attempt++) {
        lead(nodes.member(1)); // another one has memory
        refusal = refusal(other);
      }
      assertThat(refusal)
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("memory is used up")
          .hasMessageContaining("store.memoryLimitBytes")
          .hasMessageContaining("delete something");
      assertThat(ids(other)).doesNotContain(lastId.get());
    }
  }

  private static void lead(ClusterMember member) {
    CompletableFuture<Boolean> leads;
    do {
      leads = new CompletableFuture<>();
      assertThat(member.manager().lead(leads::complete)).isTrue();
    } while (!leads.join());
  }

  /** {@return why nothing can be inserted; null if it can, or nobody knows} */
  private @Nullable StoreException refusal(Khonsu store) {
    try {
      long id = insert(store);
      store.run(tx -> tx.delete(texts(store), id));
      return null;
    } catch (UnavailableException e) {
      return e;
    } catch (CommitOutcomeUnknownException _) {
      return null; // somebody else leads now
    }
  }

  @Test
  void nodeThatIsFull_canBeStartedAgain_andWithTooLittleMemorySaysHowMuchItNeeds()
      throws Exception {
    Nodes.Disks disks = Nodes.inMemory();
    long count;
    try (Nodes nodes = new Nodes(1, store(24 << 20), disks)) {
      Khonsu store = nodes.member(1).store();
      store.createTable(TEXTS);
      assertThat(fill(store)).hasMessageContaining("memory is used up");
      nodes.stop(1);
      nodes.start(1, NodePresence.EXISTING);
      Khonsu again = nodes.member(1).store();
      count = ids(again).size();
      assertThatThrownBy(() -> insert(again)).hasMessageContaining("memory is used up");
      assertThat((long) ids(again).size()).isEqualTo(count).isPositive();
    }
    ClusterConfig config = Nodes.config(5, 1, 1);
    try (Nodes nodes = new Nodes(0, store(4 << 20), disks)) {
      assertThatThrownBy(() -> nodes.start(config, NodePresence.EXISTING, nodes.network().of(1)))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("store.memoryLimitBytes");
    }
    try (Nodes nodes = new Nodes(0, store(48 << 20), disks)) {
      nodes.start(config, NodePresence.EXISTING, nodes.network().of(1));
      insert(nodes.member(1).store());
      assertThat((long) ids(nodes.member(1).store()).size()).isEqualTo(count + 1);
    }
  }
}
