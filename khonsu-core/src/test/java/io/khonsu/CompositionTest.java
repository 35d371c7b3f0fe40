package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Savepoints, nested blocks and alternatives. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class CompositionTest {
  private Store db;
  private Table table;

  /** {@return a new store; others may run these tests on other kinds} */
  Store open(BufferAllocator root) {
    return Khonsu.inMemory(StoreConfig.defaults(), root);
  }

  @BeforeEach
  void setUp(BufferAllocator root) {
    db = open(root);
    table = Items.rows(db, "items");
  }

  @AfterEach
  void tearDown() {
    checkNothingIsOpen();
    db.close();
  }

  private void checkNothingIsOpen() {
    if (db instanceof Khonsu here) {
      assertThat(here.statistics().held().openViews()).isZero();
    }
  }

  /** {@return how many transactions wait for a change} */
  long waiting() {
    return ((Khonsu) db).contention().waiting();
  }

  private void put(Transaction tx, String id, long value) {
    tx.upsert(table, table.row(id, value));
  }

  @Test
  void savepoint_ofAnotherTransaction_isRefused() {
    try (Transaction tx = db.begin();
        Transaction other = db.begin()) {
      Savepoint foreign = other.savepoint();
      var _ = tx.savepoint();
      assertThatThrownBy(() -> tx.rollbackTo(foreign))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("another transaction");
    }
  }

  @Test
  void savepoint_afterReturningToAnEarlierOne_isRefused() {
    try (Transaction tx = db.begin()) {
      Savepoint first = tx.savepoint();
      Savepoint second = tx.savepoint();
      tx.rollbackTo(first);
      Savepoint third = tx.savepoint();
      assertThatThrownBy(() -> tx.rollbackTo(second))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not valid any more");
      tx.rollbackTo(third);
      tx.rollbackTo(first);
    }
  }

  @Test
  void savepoint_ofAnEndedBlock_orOutsideOfABlock_isRefused() {
    try (Transaction tx = db.begin()) {
      Savepoint inner = tx.nested(Transaction::savepoint);
      assertThatThrownBy(() -> tx.rollbackTo(inner)).isInstanceOf(IllegalArgumentException.class);
      Savepoint outer = tx.savepoint();
      put(tx, "a", 1);
      tx.runNested(t -> {
        put(t, "b", 1);
        assertThatThrownBy(() -> t.rollbackTo(outer))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("outside this nested block");
      });
      tx.commit();
    }
    assertThat(Items.state(db, table)).containsOnlyKeys("a", "b");
  }

  @Test
  void endedTransaction_isRefused() {
    Transaction tx = db.begin();
    Savepoint savepoint = tx.savepoint();
    tx.close();
    assertThatThrownBy(tx::savepoint).isInstanceOf(TransactionClosedException.class);
    assertThatThrownBy(() -> tx.rollbackTo(savepoint))
        .isInstanceOf(TransactionClosedException.class);
    assertThatThrownBy(() -> tx.nested(t -> 1)).isInstanceOf(TransactionClosedException.class);
    assertThatThrownBy(() -> tx.orElse(t -> 1, t -> 2))
        .isInstanceOf(TransactionClosedException.class);
    assertThatThrownBy(() -> tx.onCommit(() -> {})).isInstanceOf(TransactionClosedException.class);
  }

  @Test
  void commit_insideABlock_isRefused_andTheTransactionGoesOn() {
    try (Transaction tx = db.begin()) {
      tx.runNested(t -> {
        put(t, "a", 1);
        assertThatThrownBy(t::commit).isInstanceOf(IllegalStateException.class);
      });
      tx.commit();
    }
    assertThat(Items.state(db, table)).containsOnlyKeys("a");
  }

  @Test
  void rollback_insideABlock_endsTheWhole() {
    assertThatThrownBy(() ->
            db.run(tx ->
                tx.runNested(t -> {
                  put(t, "a", 1);
                  t.rollback();
                  put(t, "b", 1);
                })))
        .isInstanceOf(TransactionClosedException.class);
    db.run(tx -> {
      put(tx, "a", 1);
      tx.runNested(Transaction::rollback);
    });
    assertThat(Items.state(db, table)).isEmpty();
  }

  @Test
  void close_insideABlock_isToldByIt() {
    Store closed = Khonsu.inMemory();
    Table items = Items.rows(closed, "items");
    assertThatThrownBy(() ->
            closed.run(tx -> {
              tx.upsert(items, items.row("a", 1L));
              tx.runNested(_ -> closed.close());
            }))
        .isInstanceOf(StoreClosedException.class);
  }

  @Test
  void nesting_thousandDeep_works_tooDeep_isRefused() throws InterruptedException {
    onStack(8 << 20, () -> db.run(tx -> nest(tx, 1_000)));
    assertThat(Items.state(db, table)).hasSize(1_000).containsEntry("k1", 1L);
    onStack(
        8 << 20,
        () ->
            assertThatThrownBy(() -> db.run(tx -> nest(tx, 1_100)))
                .isInstanceOf(NestingTooDeepException.class)
                .hasMessageContaining("1024"));
    assertThat(Items.state(db, table)).hasSize(1_000);
  }

  /** How deep a stack reaches depends on what is compiled already: refused or not, never torn. */
  @Test
  void nesting_onASmallStack_worksOrIsRefused_andNeverOverflows() throws InterruptedException {
    for (int sizeKiB = 192; sizeKiB < 1_024; sizeKiB += 32) {
      onStack(sizeKiB << 10, this::nestOrBeRefused);
      checkNothingIsOpen();
      assertThat(Items.state(db, table).size()).isIn(0, 1_000);
    }
  }

  private void nestOrBeRefused() {
    try {
      db.run(tx -> nest(tx, 1_000));
    } catch (NestingTooDeepException e) {
      assertThat(e).hasMessageContaining("stack");
    }
  }

  private static void onStack(int sizeBytes, Runnable task) throws InterruptedException {
    List<Throwable> failures = new ArrayList<>();
    Thread thread = new Thread(null, task, "deep", sizeBytes);
    thread.setUncaughtExceptionHandler((_, e) -> failures.add(e));
    thread.start();
    thread.join();
    assertThat(failures).isEmpty();
  }

  private void nest(Transaction tx, int depth) {
    put(tx, "k" + depth, depth);
    if (depth > 1) {
      tx.runNested(t -> nest(t, depth - 1));
    }
  }

  @Test
  void nesting_thousandDeep_undoneFromTheMiddle_keepsTheOuterHalf() throws InterruptedException {
    onStack(8 << 20, () -> db.run(tx -> failAt(tx, 1_000)));
    assertThat(Items.state(db, table)).hasSize(500).containsKey("k501").doesNotContainKey("k500");
  }

  private void failAt(Transaction tx, int depth) {
    put(tx, "k" + depth, depth);
    put(tx, "shared", depth);
    tx.delete(table, "shared");
    if (depth == 1) {
      throw new IllegalStateException("the bottom");
    }
    try {
      tx.runNested(t -> failAt(t, depth - 1));
    } catch (IllegalStateException e) {
      if (depth <= 500) {
        throw e;
      }
    }
  }

  @Test
  void savepoints_bringBackWhatWasOverwrittenDeletedAndAdded() {
    Items.put(db, table, "committed", 9);
    try (Transaction tx = db.begin()) {
      put(tx, "a", 1);
      put(tx, "b", 1);
      tx.delete(table, "b");
      Savepoint savepoint = tx.savepoint();
      for (int round = 0; round < 2; round++) {
        put(tx, "a", 2);
        put(tx, "b", 2);
        put(tx, "c", 2);
        tx.delete(table, "a");
        tx.delete(table, "committed");
        tx.rollbackTo(savepoint);
        assertThat(Items.state(tx, table))
            .containsOnlyKeys("a", "committed")
            .containsEntry("a", 1L)
            .containsEntry("committed", 9L);
      }
      tx.commit();
    }
    assertThat(Items.state(db, table)).containsOnlyKeys("a", "committed").containsEntry("a", 1L);
  }

  @Test
  void nested_throwing_undoesItsWritesAlone_andRethrowsTheVeryException() {
    IOException failure = new IOException("mine");
    db.run(tx -> {
      put(tx, "a", 1);
      assertThatThrownBy(() ->
              tx.nested(t -> {
                put(t, "a", 2);
                put(t, "b", 2);
                throw failure;
              }))
          .isSameAs(failure);
      assertThat(
              tx.<String, RuntimeException>nested(t -> {
                put(t, "c", 3);
                return "result";
              }))
          .isEqualTo("result");
    });
    assertThat(Items.state(db, table)).containsOnlyKeys("a", "c").containsEntry("a", 1L);
  }

  @Test
  void nested_readsOfAnUndoneBlock_stillCount() {
    AtomicInteger runs = new AtomicInteger();
    db.run(tx -> {
      if (runs.incrementAndGet() <= 2) {
        assertThatThrownBy(() ->
                tx.runNested(t -> {
                  var _ = t.get(table, "a");
                  throw new IOException();
                }))
            .isInstanceOf(IOException.class);
        Items.put(db, table, "a", runs.get());
      }
      put(tx, "b", runs.get());
    });
    assertThat(runs).hasValue(3);
  }

  @Test
  void orElse_firstSucceeding_runsNoSecond() {
    long result =
        db.transact(tx ->
            tx.orElse(
                t -> {
                  put(t, "a", 1);
                  return 1L;
                },
                t -> {
                  throw new AssertionError("not to be run");
                }));
    assertThat(result).isEqualTo(1);
    assertThat(Items.state(db, table)).containsOnlyKeys("a");
  }

  @Test
  void orElse_firstRetrying_undoesItsWrites_andRunsTheSecond() {
    Items.put(db, table, "x", 5);
    try (Transaction tx = db.begin()) { // needs nobody to run it again
      put(tx, "kept", 1);
      tx.runOrElse(
          t -> {
            put(t, "a", 1);
            put(t, "kept", 2);
            t.delete(table, "x");
            t.runNested(Transaction::retry);
          },
          t -> {
            assertThat(Items.state(t, table)).containsOnlyKeys("kept", "x").containsEntry("x", 5L);
            put(t, "b", 1);
          });
      tx.commit();
    }
    assertThat(Items.state(db, table)).containsOnlyKeys("b", "kept", "x").containsEntry("kept", 1L);
  }

  @Test
  void orElse_firstThrowing_undoesIt_andRunsNoSecond() {
    db.run(tx ->
        assertThatThrownBy(() ->
                tx.orElse(
                    t -> {
                      put(t, "a", 1);
                      throw new IOException("mine");
                    },
                    t -> {
                      throw new AssertionError("not to be run");
                    }))
            .isInstanceOf(IOException.class));
    assertThat(Items.state(db, table)).isEmpty();
  }

  @Test
  void orElse_readsOfTheUndoneFirst_areChecked() {
    AtomicInteger runs = new AtomicInteger();
    db.run(tx -> {
      runs.incrementAndGet();
      tx.runOrElse(
          t -> {
            var _ = t.get(table, "flag").orElseThrow(t::retry);
            put(t, "first", 1);
          },
          t -> put(t, "second", 1));
      if (runs.get() == 1) {
        Items.put(db, table, "flag", 1);
      }
    });
    assertThat(runs).hasValue(2);
    assertThat(Items.state(db, table)).containsOnlyKeys("flag", "first");
  }

  @Test
  void alternativeTurningTheSignalIntoAnException_isUndone_andItsRetryWithIt() {
    try (Transaction tx = db.begin()) {
      assertThatThrownBy(() -> tx.runOrElse(this::failOnRetry, t -> put(t, "b", 2)))
          .isInstanceOf(IllegalStateException.class)
          .hasCauseInstanceOf(RetrySignal.class);
      tx.runNested(t -> put(t, "c", 3));
      tx.commit();
    }
    assertThat(Items.state(db, table)).containsOnlyKeys("c");
  }

  private void failOnRetry(Transaction tx) {
    put(tx, "a", 1);
    try {
      tx.retry();
    } catch (RetrySignal e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void orElse_ofManyAlternatives_isTriedInOrder() {
    Items.put(db, table, "c", 7);
    long value =
        db.transact(tx ->
            tx.orElse(t -> value(t, "a"), t -> t.orElse(u -> value(u, "b"), u -> value(u, "c"))));
    assertThat(value).isEqualTo(7);
  }

  @Test
  void orElse_bothRetrying_waitsForWhatEitherHasRead() {
    for (String changed : List.of("a", "b")) {
      AtomicInteger seen = new AtomicInteger();
      try (var _ =
          Threads.start(
              1,
              _ ->
                  seen.set(
                      db.transact(tx ->
                          tx.<Integer, RuntimeException>orElse(
                              t -> (int) value(t, "a"), t -> (int) value(t, "b")))))) {
        Threads.awaitUntil(() -> waiting() == 1);
        Items.put(db, table, changed, 3);
      }
      assertThat(seen).hasValue(3);
      db.run(tx -> tx.delete(table, changed));
    }
  }

  private long value(Transaction tx, String id) {
    return tx.get(table, id).orElseThrow(tx::retry).getLong("value");
  }
}
