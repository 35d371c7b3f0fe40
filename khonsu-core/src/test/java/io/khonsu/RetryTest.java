package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.spi.UncertainOutcomeException;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A transaction that waits for a change of what it has read. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class RetryTest {
  private BufferAllocator allocator;
  private Khonsu db;
  private Table table;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
    db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
    table = Items.rows(db, "items");
  }

  @AfterEach
  void tearDown() {
    assertThat(db.contention().waiting()).isZero();
    assertThat(db.statistics().held().openViews()).isZero();
    db.close();
  }

  private void awaitWaiting(int count) {
    Threads.awaitUntil(() -> db.contention().waiting() == count);
  }

  /** Waits until a row has a value; {@return that} */
  private static long await(Transaction tx, Table table, String id) {
    return tx.get(table, id).orElseThrow(tx::retry).getLong("value");
  }

  @ParameterizedTest
  @EnumSource(IsolationLevel.class)
  void retry_havingReadNothing_isRefusedAtEveryLevel(IsolationLevel level) {
    assertThatThrownBy(() ->
            db.run(
                TransactionOptions.of(level),
                tx -> {
                  tx.upsert(table, table.row("a", 1L));
                  tx.retry();
                }))
        .isInstanceOf(RetryImpossibleException.class)
        .hasMessageContaining("read nothing");
    assertThat(Items.state(db, table)).isEmpty();
  }

  @Test
  void retry_ofATransactionBegunByHand_isRefused_andItGoesOn() {
    try (Transaction tx = db.begin()) {
      tx.upsert(table, table.row("a", Items.value(tx, table, "b")));
      assertThatThrownBy(tx::retry)
          .isInstanceOf(RetryImpossibleException.class)
          .hasMessageContaining("begin()");
      assertThatThrownBy(() -> tx.runOrElse(Transaction::retry, Transaction::retry))
          .isInstanceOf(RetryImpossibleException.class);
      tx.commit();
    }
    assertThat(Items.state(db, table)).containsEntry("a", -1L);
  }

  @Test
  void retry_afterTheEnd_isRefused() {
    Transaction tx = db.begin();
    tx.close();
    assertThatThrownBy(tx::retry).isInstanceOf(TransactionClosedException.class);
  }

  @Test
  void deadline_passingWhileWaiting_givesUp() {
    assertThatThrownBy(() ->
            db.run(
                TransactionOptions.serializable().timeout(Duration.ofMillis(5)),
                tx -> {
                  var _ = await(tx, table, "never");
                }))
        .isInstanceOf(TransactionDeadlineException.class)
        .hasMessageContaining("waiting for a change")
        .hasNoCause();
  }

  @Test
  void deadline_passingWhileChangesNeverPause_givesUp() {
    assertThatThrownBy(() ->
            db.run(
                TransactionOptions.serializable().timeout(Duration.ofMillis(20)),
                tx -> {
                  var row = tx.get(table, "a");
                  Items.put(db, table, "a", 1); // so that the wait is over before it begins
                  assertThat(tx.get(table, "a")).isEqualTo(row);
                  tx.retry();
                }))
        .isInstanceOf(TransactionDeadlineException.class)
        .hasNoCause();
  }

  @Test
  void interruption_whileChangesNeverPause_givesUp() {
    AtomicInteger runs = new AtomicInteger();
    try {
      assertThatThrownBy(() ->
              db.run(tx -> {
                assertThat(runs.incrementAndGet()).isEqualTo(1);
                assertThat(tx.get(table, "a")).isEmpty();
                Items.put(db, table, "a", 1);
                Thread.currentThread().interrupt();
                tx.retry();
              }))
          .isInstanceOf(TransactionInterruptedException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void interruption_beforeWaiting_givesUpAtOnce_andStaysNoted() {
    try {
      assertThatThrownBy(() ->
              db.run(tx -> {
                Thread.currentThread().interrupt();
                var _ = await(tx, table, "never");
              }))
          .isInstanceOf(TransactionInterruptedException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void interruption_whileWaiting_givesUp() {
    try (var waiting =
        Threads.start(
            1,
            _ -> {
              assertThatThrownBy(() -> db.transact(tx -> await(tx, table, "never")))
                  .isInstanceOf(TransactionInterruptedException.class);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            })) {
      awaitWaiting(1);
      waiting.interrupt();
    }
  }

  @Test
  void close_whileManyWait_endsThemAll_andLeavesNothing() {
    Khonsu closed = Khonsu.inMemory(StoreConfig.defaults(), allocator);
    Table items = Items.rows(closed, "items");
    try (var _ =
        Threads.start(
            20,
            number ->
                assertThatThrownBy(() ->
                        closed.run(
                            TransactionOptions.serializable()
                                .timeout(ChronoUnit.FOREVER.getDuration()),
                            tx -> {
                              if (number % 2 == 0) {
                                var _ = await(tx, items, "never" + number);
                              } else if (tx.scan(items).rowCount() == 0) {
                                tx.retry();
                              }
                            }))
                    .isInstanceOf(StoreClosedException.class))) {
      Threads.awaitUntil(() -> closed.contention().waiting() == 20);
      closed.close();
    }
    assertThat(closed.contention().waiting()).isZero();
  }

  @Test
  void storageFailing_whileSomeWait_endsThem() {
    ScriptedStorage storage = new ScriptedStorage();
    try (Khonsu stored =
            Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system());
        var waiting = new Closing()) {
      Table items = Items.rows(stored, "items");
      waiting.threads =
          Threads.start(
              3,
              _ ->
                  assertThatThrownBy(() -> stored.transact(tx -> await(tx, items, "never")))
                      .isInstanceOf(StorageException.class));
      Threads.awaitUntil(() -> stored.contention().waiting() == 3);
      storage.script((_, _) -> {
        throw new UncertainOutcomeException("the disk is gone", new IOException());
      });
      assertThatThrownBy(() -> Items.put(stored, items, "a", 1))
          .isInstanceOf(CommitOutcomeUnknownException.class);
      waiting.threads.join();
    }
  }

  /** Joins threads that are started later. */
  private static final class Closing implements AutoCloseable {
    private Threads.Running threads = Threads.start(0, _ -> {});

    @Override
    public void close() {
      threads.close();
    }
  }

  @Test
  void dropOfTheTable_whileWaiting_isTold() {
    try (var _ =
        Threads.start(
            1,
            _ ->
                assertThatThrownBy(() -> db.transact(tx -> await(tx, table, "never")))
                    .isInstanceOf(TableDroppedException.class))) {
      awaitWaiting(1);
      db.dropTable(table);
    }
  }

  @Test
  void bodyCatchingTheSignal_waitsAllTheSame() {
    AtomicInteger runs = new AtomicInteger();
    try (var _ =
        Threads.start(
            1,
            _ ->
                db.run(tx -> {
                  runs.incrementAndGet();
                  try {
                    var _ = await(tx, table, "a");
                  } catch (RetrySignal _) {
                    tx.upsert(table, table.row("b", 1L));
                  }
                }))) {
      awaitWaiting(1);
      assertThat(Items.state(db, table)).isEmpty();
      Items.put(db, table, "a", 1);
    }
    assertThat(runs).hasValue(2);
    assertThat(Items.state(db, table)).containsOnlyKeys("a");
  }

  @ParameterizedTest
  @EnumSource(IsolationLevel.class)
  void change_ofAnAbsentItem_wakes(IsolationLevel level) {
    AtomicLong seen = new AtomicLong();
    try (var _ =
        Threads.start(
            1,
            _ ->
                seen.set(db.transact(TransactionOptions.of(level), tx -> await(tx, table, "a"))))) {
      awaitWaiting(1);
      Items.put(db, table, "a", 7);
    }
    assertThat(seen).hasValue(7);
  }

  @ParameterizedTest
  @EnumSource(IsolationLevel.class)
  void change_inAnEmptyRange_wakes(IsolationLevel level) {
    AtomicLong seen = new AtomicLong();
    try (var _ =
        Threads.start(
            1,
            _ ->
                db.run(
                    TransactionOptions.of(level),
                    tx -> {
                      long rows = tx.scan(table, KeyRange.prefix("queue/")).rowCount();
                      tx.retryUnless(rows > 0);
                      seen.set(rows);
                    }))) {
      awaitWaiting(1);
      Items.put(db, table, "queue/1", 7);
    }
    assertThat(seen).hasValue(1);
  }

  @Test
  void deletion_wakes_andSoDoesABatch() {
    Table batches = Items.batches(db, "batches");
    Items.put(db, table, "full", 1);
    try (var _ =
        Threads.start(
            2,
            number ->
                db.run(tx -> {
                  if (number == 0) {
                    tx.retryUnless(!tx.contains(table, "full"));
                  } else {
                    tx.retryUnless(!tx.names(batches).isEmpty());
                  }
                }))) {
      awaitWaiting(2);
      db.run(tx -> tx.delete(table, "full"));
      awaitWaiting(1);
      db.run(tx -> Items.write(tx, batches, "batch", allocator, 1, 2));
    }
  }

  @Test
  void change_ofSomethingElse_wakesNobody() {
    AtomicInteger runs = new AtomicInteger();
    try (var _ =
        Threads.start(
            1,
            _ ->
                db.run(tx -> {
                  runs.incrementAndGet();
                  var _ = tx.scan(table, KeyRange.prefix("q/")).rowCount();
                  var _ = await(tx, table, "a");
                }))) {
      awaitWaiting(1);
      for (int i = 0; i < 100; i++) {
        Items.put(db, table, "b" + i, i);
        Items.put(db, table, "r" + i, i);
      }
      assertThat(db.contention().waiting()).isEqualTo(1);
      Items.put(db, table, "a", 1);
    }
    assertThat(runs).hasValue(2);
  }

  @Test
  void change_betweenTheSnapshotAndTheWaiting_isNoticed() {
    AtomicInteger runs = new AtomicInteger();
    long value =
        db.transact(tx -> {
          if (runs.incrementAndGet() == 1) {
            var row = tx.get(table, "a");
            Items.put(db, table, "a", 5);
            return row.orElseThrow(tx::retry).getLong("value");
          }
          return await(tx, table, "a");
        });
    assertThat(value).isEqualTo(5);
    assertThat(runs).hasValue(2);
    db.run(tx -> {
      if (runs.incrementAndGet() == 3) {
        long rows = tx.scan(table, KeyRange.prefix("c")).rowCount();
        Items.put(db, table, "c", 5);
        tx.retryUnless(rows > 0);
      }
    });
    assertThat(runs).hasValue(4);
  }

  @Test
  void retry_ofTheOuterTransactionInAnInnerOne_waitsForTheOuter() {
    AtomicInteger runs = new AtomicInteger();
    try (var _ =
        Threads.start(
            1,
            _ ->
                db.run(outer -> {
                  runs.incrementAndGet();
                  var row = outer.get(table, "a");
                  db.run(inner -> {
                    inner.upsert(
                        table,
                        inner.contains(table, "a") ? table.row("b", 1L) : table.row("c", 1L));
                    var _ = row.orElseThrow(outer::retry);
                  });
                }))) {
      awaitWaiting(1);
      Items.put(db, table, "a", 1);
    }
    assertThat(runs).hasValue(2);
    assertThat(Items.state(db, table)).containsOnlyKeys("a", "b");
  }

  @Test
  void retry_ofAnotherStoresTransaction_waitsForThat_thoughTheNumbersAreTheSame() {
    AtomicInteger runs = new AtomicInteger();
    try (Khonsu other = Khonsu.inMemory(StoreConfig.defaults(), allocator);
        var _ =
            Threads.start(
                1,
                _ ->
                    db.run(outer -> {
                      runs.incrementAndGet();
                      var row = outer.get(table, "a");
                      runUnderNumber(
                          outer.id(),
                          other,
                          () -> {
                            var _ = row.orElseThrow(outer::retry);
                          });
                    }))) {
      awaitWaiting(1);
      Items.put(db, table, "a", 1);
    }
    assertThat(runs).hasValue(2);
  }

  /** Runs something inside a transaction of a number, unless that is in the past. */
  private static void runUnderNumber(long id, Khonsu store, Runnable task) {
    store.run(inner -> {
      if (inner.id() < id) {
        inner.rollback();
        runUnderNumber(id, store, task);
      } else {
        task.run();
      }
    });
  }

  @Test
  void commit_afterCatchingTheSignal_isNoCommit() {
    AtomicInteger runs = new AtomicInteger();
    try (var _ =
        Threads.start(
            1,
            _ ->
                db.run(tx -> {
                  runs.incrementAndGet();
                  try {
                    var _ = await(tx, table, "a");
                  } catch (RetrySignal _) {
                    tx.upsert(table, table.row("b", 1L));
                    tx.commit();
                  }
                }))) {
      awaitWaiting(1);
      assertThat(Items.state(db, table)).isEmpty();
      Items.put(db, table, "a", 1);
    }
    assertThat(runs).hasValue(2);
    assertThat(Items.state(db, table)).containsOnlyKeys("a");
  }

  @Test
  void commitNotYetPublished_wakesNobody_itsPublicationDoes() {
    ScriptedStorage storage = new ScriptedStorage();
    try (Khonsu stored =
        Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())) {
      Table items = Items.rows(stored, "items");
      AtomicInteger runs = new AtomicInteger();
      try (var _ =
          Threads.start(
              1,
              _ ->
                  stored.run(tx -> {
                    runs.incrementAndGet();
                    var _ = await(tx, items, "a");
                  }))) {
        Threads.awaitUntil(() -> stored.contention().waiting() == 1);
        var gate = storage.holdNext();
        try (var _ = Threads.start(1, _ -> Items.put(stored, items, "a", 1))) {
          gate.awaitReached();
          assertThat(stored.contention().waiting()).isEqualTo(1);
          assertThat(runs).hasValue(1);
          gate.open();
        }
      }
      assertThat(runs).hasValue(2);
    }
  }

  @Test
  void waitingTransaction_keepsNoHistory() {
    Items.put(db, table, "a", 0);
    try (var _ =
        Threads.start(
            1,
            _ ->
                db.run(tx -> {
                  tx.retryUnless(Items.value(tx, table, "a") < 0 || tx.contains(table, "go"));
                }))) {
      awaitWaiting(1);
      Threads.awaitUntil(() -> db.statistics().held().openViews() == 0);
      for (int i = 0; i < 100; i++) {
        Items.put(db, table, "b", i);
      }
      db.collect();
      assertThat(db.statistics().held().commitRecords()).isLessThanOrEqualTo(1);
      Items.put(db, table, "go", 1);
    }
  }

  @Test
  void runsThatWait_doNotCountAsAttempts() {
    try (var _ =
        Threads.start(
            1,
            _ ->
                db.run(
                    TransactionOptions.serializable().attemptsMax(1),
                    tx -> tx.retryUnless(Items.value(tx, table, "a") == 3)))) {
      for (int i = 0; i <= 3; i++) {
        awaitWaiting(1);
        long before = db.statistics().retries();
        Items.put(db, table, "a", i);
        int last = i;
        Threads.awaitUntil(() -> last == 3 || db.statistics().retries() > before);
      }
    }
  }
}
