package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.spi.UncertainOutcomeException;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of commits whose storage refuses them, does not know, or breaks. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class FailingStorageTest {
  /** How a storage can stop a store. */
  enum Failure {
    UNCERTAIN,
    UNCERTAIN_BUT_PERSISTED,
    DEFECT
  }

  private final ScriptedStorage storage = new ScriptedStorage();
  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  private Khonsu open() {
    return Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system());
  }

  private void assertReopenedHolds(String table, Map<String, Long> expected) {
    ScriptedStorage same = new ScriptedStorage(storage.kept());
    try (Khonsu again =
        Khonsu.open(StoreConfig.defaults(), same, allocator, InstantSource.system())) {
      assertThat(Items.state(again, again.table(table).orElseThrow())).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4})
  void commit_storageRefusesIt_abortsItAloneAndLeavesNothing(int refusedCall) {
    try (Khonsu db = open()) {
      Table table = Items.rows(db, "items");
      Items.put(db, table, "a", 1);
      storage.script((call, _) -> {
        if (call == refusedCall) {
          throw new IOException("disk full");
        }
      });
      for (int i = 0; i < refusedCall; i++) {
        Items.put(db, table, "a", 10 + i);
      }
      db.collect();
      var before = db.statistics();
      var state = Items.state(db, table);
      try (Transaction tx = db.begin()) {
        tx.upsert(table, table.row("a", 2L));
        tx.upsert(table, table.row("b", 2L));
        tx.upsert(table, table.row("large".repeat(100), 2L));
        assertThatThrownBy(tx::commit)
            .isInstanceOf(StorageRejectedException.class)
            .hasMessageContaining("disk full")
            .hasMessageContaining(String.valueOf(tx.id()));
      }
      db.collect();
      assertThat(db.statistics().held().items()).isEqualTo(before.held().items());
      assertThat(db.statistics().held().versions()).isEqualTo(before.held().versions());
      assertThat(db.statistics().held().memoryBytes()).isEqualTo(before.held().memoryBytes());
      assertThat(db.statistics().otherAborts()).isEqualTo(before.otherAborts() + 1);
      assertThat(Items.state(db, table)).isEqualTo(state);
      assertReopenedHolds("items", state);
      Items.put(db, table, "b", 3);
      assertThat(Items.state(db, table)).containsEntry("b", 3L);
    }
  }

  @Test
  void createAndDropTable_storageRefusesThem_leaveEverythingAsItWas() {
    try (Khonsu db = open()) {
      Table table = Items.rows(db, "items");
      Items.put(db, table, "a", 1);
      long items = db.statistics().held().items();
      storage.script((_, _) -> {
        throw new IOException("disk full");
      });
      assertThatThrownBy(() -> Items.rows(db, "others"))
          .isInstanceOf(StorageRejectedException.class);
      assertThatThrownBy(() -> db.dropTable(table)).isInstanceOf(StorageRejectedException.class);
      assertThat(db.tables()).containsExactly(table);
      assertThat(db.statistics().held().items()).isEqualTo(items);
      storage.script((_, _) -> {});
      Items.put(db, table, "a", 2);
      Table others = Items.rows(db, "others");
      Items.put(db, others, "a", 3);
      db.dropTable(table);
      assertThat(db.tables()).containsExactly(others);
      assertReopenedHolds("others", Map.of("a", 3L));
    }
  }

  @Test
  void commit_dropItCollidedWithWasRefused_commits() {
    try (Khonsu db = open()) {
      Table table = Items.rows(db, "items");
      var gate = new ScriptedStorage.Gate();
      storage.script((call, _) -> {
        if (call == 0) {
          gate.pass();
          throw new IOException("disk full");
        }
      });
      try (Transaction tx = db.begin()) {
        tx.upsert(table, table.row("a", 1L));
        try (var dropping =
            Threads.start(
                1,
                _ ->
                    assertThatThrownBy(() -> db.dropTable(table))
                        .isInstanceOf(StorageRejectedException.class))) {
          gate.awaitReached();
          try (var committing = Threads.start(1, _ -> tx.commit())) {
            committing.awaitAllWaiting();
            gate.open();
          }
          dropping.join();
        }
      }
      assertThat(Items.state(db, table)).isEqualTo(Map.of("a", 1L));
      assertReopenedHolds("items", Map.of("a", 1L));
    }
  }

  @Test
  void group_storageRefusesSome_abortsExactlyThose() {
    int threads = 12;
    Set<Integer> refused = ConcurrentHashMap.newKeySet();
    try (Khonsu db = open()) {
      Table table = Items.rows(db, "items");
      var gate = new ScriptedStorage.Gate();
      storage.script((call, commits) -> {
        if (call == 0) {
          gate.pass();
        } else if (commits.size() > 1) {
          throw new IOException("one of these is bad");
        } else if (commits.getFirst().transactionId() % 3 == 0) {
          throw new IOException("this one is bad");
        }
      });
      long versions = db.statistics().held().versions();
      try (var first = Threads.start(1, _ -> Items.put(db, table, "first", 0))) {
        gate.awaitReached();
        try (var others =
            Threads.start(
                threads,
                number -> {
                  try (Transaction tx = db.begin()) {
                    tx.upsert(table, table.row("k" + number, tx.id()));
                    tx.upsert(table, table.row("shared", tx.id()));
                    tx.commit();
                  } catch (StorageRejectedException _) {
                    refused.add(number);
                  }
                })) {
          Threads.awaitUntil(
              () -> db.statistics().held().versions() == versions + 1 + 2L * threads);
          assertThat(Items.state(db, table)).isEmpty();
          gate.open();
          others.join();
        }
        first.join();
      }
      assertThat(storage.groupSizes()).contains(threads);
      assertThat(refused).hasSize(threads / 3);
      var state = Items.state(db, table);
      assertThat(state).hasSize(2 + threads - threads / 3);
      refused.forEach(number -> assertThat(state).doesNotContainKey("k" + number));
      assertReopenedHolds("items", state);
      db.collect();
      assertThat(db.statistics().held().versions()).isEqualTo(1 + state.size());
      assertThat(db.statistics().held().items()).isEqualTo(1 + state.size());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void append_ontoPendingCommit_isSettledWhenThatIs(boolean isRefused) {
    try (Khonsu db = open()) {
      Table table = Items.batches(db, "batches");
      db.run(tx -> Items.write(tx, table, "x", allocator, 1));
      var gate = new ScriptedStorage.Gate();
      storage.script((call, _) -> {
        if (call == 0) {
          gate.pass();
          if (isRefused) {
            throw new IOException("disk full");
          }
        }
      });
      TransactionOptions options =
          TransactionOptions.snapshot().onConflict(ConflictStrategy.APPEND);
      try (Transaction first = db.begin(options);
          Transaction second = db.begin(options);
          Transaction third = db.begin(options.onConflict(ConflictStrategy.IGNORE))) {
        Items.write(first, table, "x", allocator, 2);
        Items.write(second, table, "x", allocator, 3);
        Items.write(third, table, "x", allocator, 4);
        try (var committing =
            Threads.start(
                1,
                _ -> {
                  try {
                    first.commit();
                    assertThat(isRefused).isFalse();
                  } catch (StorageRejectedException _) {
                    assertThat(isRefused).isTrue();
                  }
                })) {
          gate.awaitReached();
          try (var blocked =
              Threads.start(
                  1,
                  _ -> {
                    assertThat(second.commit().resolved()).isEmpty();
                    assertThat(third.commit().ignored()).hasSize(1);
                  })) {
            blocked.awaitAllWaiting();
            assertThat(blocked.isAnyAlive()).isTrue();
            gate.open();
          }
          committing.join();
        }
      }
      List<Long> expected = isRefused ? List.of(1L, 3L) : List.of(1L, 2L, 3L);
      List<Long> found = db.readOnly(s -> Items.numbers(s, table, "x"));
      assertThat(found).isEqualTo(expected);
      db.collect();
      assertThat(db.statistics().held().versions()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource(Failure.class)
  void uncertainOutcome_stopsTheStore(Failure failure) {
    Khonsu db = open();
    Table table = Items.rows(db, "items");
    Items.put(db, table, "a", 1);
    if (failure == Failure.UNCERTAIN_BUT_PERSISTED) {
      storage.persistUncertain();
    }
    var gate = new ScriptedStorage.Gate();
    storage.script((call, _) -> {
      if (call == 0) {
        gate.pass();
      } else if (failure == Failure.DEFECT) {
        throw new IllegalStateException("defect");
      } else {
        throw new UncertainOutcomeException("sync failed", new IOException("device"));
      }
    });
    Snapshot reader = db.snapshot();
    Transaction open = db.begin();
    open.upsert(table, table.row("a", 9L));
    long versions = db.statistics().held().versions();
    try (var first = Threads.start(1, _ -> Items.put(db, table, "b", 2))) {
      gate.awaitReached();
      try (var others =
          Threads.start(
              4,
              number ->
                  assertThatThrownBy(() -> Items.put(db, table, "k" + number, 3))
                      .isInstanceOf(CommitOutcomeUnknownException.class)
                      .hasMessageContaining("unknown"))) {
        Threads.awaitUntil(() -> db.statistics().held().versions() == versions + 5);
        gate.open();
        others.join();
      }
      first.join();
    }
    assertStopped(db, table, open);
    assertThat(Items.state(reader, table)).isEqualTo(Map.of("a", 1L));
    reader.close();
    db.close();
    db.close();
    assertThat(storage.closedCount()).isEqualTo(1);
    ScriptedStorage same = new ScriptedStorage(storage.kept());
    try (Khonsu again =
        Khonsu.open(StoreConfig.defaults(), same, allocator, InstantSource.system())) {
      assertThat(Items.state(again, again.table("items").orElseThrow()))
          .hasSize(failure == Failure.UNCERTAIN_BUT_PERSISTED ? 6 : 2);
    }
  }

  private static void assertStopped(Khonsu db, Table table, Transaction open) {
    assertThatThrownBy(open::commit)
        .isInstanceOf(StorageException.class)
        .satisfies(
            e -> assertThat(((StoreException) e).retry()).isEqualTo(StoreException.Retry.NEVER));
    assertThatThrownBy(() -> Items.put(db, table, "c", 4)).isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> db.run(tx -> tx.delete(table, "a")))
        .isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> Items.rows(db, "others")).isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> db.dropTable(table)).isInstanceOf(StorageException.class);
    assertThat(db.tables()).containsExactly(table);
    assertThat(Items.state(db, table)).isEqualTo(Map.of("a", 1L, "b", 2L));
  }

  @Test
  void partOfABatch_atTheMemoryLimit_isEncodedWithoutMore() {
    StoreConfig config = StoreConfig.builder().memoryLimitBytes(3 << 20).build();
    try (Khonsu db = Khonsu.open(config, storage, allocator, InstantSource.system())) {
      Table table = Items.rows(db, "items");
      try (Transaction tx =
          db.begin(TransactionOptions.snapshot().onConflict(ConflictStrategy.IGNORE))) {
        for (int i = 0; i < 2_000; i++) {
          tx.upsert(table, table.row(i + "x".repeat(900), 1L));
        }
        tx.upsert(table, table.row("a", 1L));
        Items.put(db, table, "a", 7);
        assertThat(tx.commit().ignored()).hasSize(1);
      }
      Items.put(db, table, "b", 8);
      assertThat(Items.state(db, table)).hasSize(2_002).containsEntry("a", 7L);
    }
  }
}
