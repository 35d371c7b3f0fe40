package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.UncertainOutcomeException;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is done once after a transaction was committed or rolled back. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class HooksTest {
  private final List<String> done = Collections.synchronizedList(new ArrayList<>());
  private BufferAllocator allocator;
  private Khonsu db;
  private Table table;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
    db = Khonsu.inMemory(StoreConfig.defaults(), root);
    table = Items.rows(db, "items");
  }

  @AfterEach
  void tearDown() {
    assertThat(db.statistics().held().openViews()).isZero();
    db.close();
  }

  private void hook(Transaction tx, String name) {
    tx.onCommit(() -> done.add("commit " + name));
    tx.onRollback(() -> done.add("rollback " + name));
  }

  private static void fail(String message) {
    throw new IllegalStateException(message);
  }

  @Test
  void onCommitHook_throwing_isToldWithWhatWasCommitted_andTheOthersRun() {
    IllegalStateException second = new IllegalStateException("second");
    assertThatThrownBy(() ->
            db.run(tx -> {
              tx.upsert(table, table.row("a", 1L));
              hook(tx, "1");
              tx.onCommit(() -> fail("first"));
              tx.onCommit(() -> {
                throw second;
              });
              hook(tx, "2");
            }))
        .isInstanceOfSatisfying(
            HookFailedException.class,
            e -> {
              assertThat(e).hasMessageContaining("was committed");
              assertThat(e.receipt().orElseThrow().version()).isEqualTo(db.newestVersion());
              assertThat(e).cause().hasMessage("first").hasSuppressedException(second);
            });
    assertThat(done).containsExactly("commit 1", "commit 2");
    assertThat(Items.state(db, table)).containsOnlyKeys("a");
  }

  @Test
  void onRollbackHook_throwing_endsTheRetries_andSaysWhy() {
    AtomicInteger runs = new AtomicInteger();
    assertThatThrownBy(() ->
            db.run(tx -> {
              runs.incrementAndGet();
              hook(tx, "1");
              tx.onRollback(() -> fail("mine"));
              var _ = tx.get(table, "a");
              Items.put(db, table, "a", 1);
            }))
        .isInstanceOfSatisfying(
            HookFailedException.class,
            e -> {
              assertThat(e).hasMessageContaining("was rolled back");
              assertThat(e.receipt()).isEmpty();
              assertThat(e.getCause()).hasMessage("mine");
              assertThat(e.getSuppressed()[0]).isInstanceOf(TransactionConflictException.class);
            });
    assertThat(runs).hasValue(1);
    assertThat(done).containsExactly("rollback 1");
  }

  @Test
  void onRollbackHook_throwing_leavesTheBodysOwnExceptionFirst() {
    IOException failure = new IOException("body");
    assertThatThrownBy(() ->
            db.run(tx -> {
              tx.onRollback(() -> fail("hook"));
              throw failure;
            }))
        .isSameAs(failure)
        .satisfies(e -> assertThat(e.getSuppressed()[0]).isInstanceOf(HookFailedException.class));
  }

  @Test
  void onRollbackHook_throwingWhenRetrying_doesNotWait() {
    assertThatThrownBy(() ->
            db.run(tx -> {
              var _ = tx.get(table, "a");
              tx.onRollback(() -> fail("mine"));
              tx.retry();
            }))
        .isInstanceOf(HookFailedException.class);
    assertThat(db.contention().waiting()).isZero();
    assertThatThrownBy(() ->
            db.run(tx ->
                tx.runOrElse(
                    t -> {
                      t.onRollback(() -> fail("mine"));
                      t.retry();
                    },
                    t -> t.upsert(table, table.row("a", 1L)))))
        .isInstanceOf(HookFailedException.class)
        .hasMessageContaining("undone");
    assertThat(Items.state(db, table)).isEmpty();
  }

  @Test
  void hook_usingItsTransaction_isTold() {
    assertThatThrownBy(() -> db.run(tx -> tx.onCommit(() -> tx.get(table, "a"))))
        .isInstanceOf(HookFailedException.class)
        .hasCauseInstanceOf(TransactionClosedException.class);
  }

  @Test
  void hook_blocking_holdsUpNobodyElse() {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Khonsu closed = Khonsu.inMemory(StoreConfig.defaults(), allocator);
    Table items = Items.rows(closed, "items");
    try (var _ =
        Threads.start(
            1,
            _ ->
                closed.run(tx -> {
                  tx.upsert(items, items.row("a", 1L));
                  tx.onCommit(() -> {
                    reached.countDown();
                    await(go);
                  });
                }))) {
      await(reached);
      Items.put(closed, items, "a", 2);
      assertThat(Items.state(closed, items)).containsEntry("a", 2L);
      closed.close();
      go.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void committed_runsOnCommitHooksInOrder_whenTheCommitIsVisible() {
    db.run(tx -> {
      tx.upsert(table, table.row("a", 1L));
      hook(tx, "1");
      hook(tx, "2");
      tx.onCommit(() -> done.add("sees " + Items.state(db, table)));
    });
    assertThat(done).containsExactly("commit 1", "commit 2", "sees {a=1}");
  }

  @Test
  void rolledBack_runsOnRollbackHooksBackwards_once() {
    try (Transaction tx = db.begin()) {
      hook(tx, "1");
      hook(tx, "2");
      tx.rollback();
      tx.rollback();
    }
    assertThat(done).containsExactly("rollback 2", "rollback 1");
  }

  @Test
  void commitByHand_colliding_runsOnRollbackHooks_once() {
    try (Transaction tx = db.begin()) {
      var _ = tx.get(table, "a");
      hook(tx, "1");
      Items.put(db, table, "a", 1);
      assertThatThrownBy(tx::commit).isInstanceOf(TransactionConflictException.class);
      assertThatThrownBy(tx::commit).isInstanceOf(TransactionClosedException.class);
    }
    assertThat(done).containsExactly("rollback 1");
  }

  @Test
  void everyRun_hasItsOwnHooks() {
    AtomicInteger runs = new AtomicInteger();
    db.run(tx -> {
      int run = runs.incrementAndGet();
      hook(tx, "run " + run);
      var _ = tx.get(table, "a");
      if (run < 3) {
        Items.put(db, table, "a", run);
      }
    });
    assertThat(done).containsExactly("rollback run 1", "rollback run 2", "commit run 3");
  }

  @Test
  void undoneParts_runTheirOnRollbackHooksAtOnce_andLoseTheOthers() {
    db.run(tx -> {
      hook(tx, "outer");
      Savepoint savepoint = tx.savepoint();
      hook(tx, "part 1");
      hook(tx, "part 2");
      tx.rollbackTo(savepoint);
      assertThat(done).containsExactly("rollback part 2", "rollback part 1");
      tx.runOrElse(
          t -> {
            hook(t, "first");
            t.retry();
          },
          t -> hook(t, "second"));
      try {
        tx.runNested(t -> {
          hook(t, "block");
          throw new ArithmeticException();
        });
      } catch (ArithmeticException _) {
        done.add("caught");
      }
    });
    assertThat(done.subList(2, done.size()))
        .containsExactly(
            "rollback first", "rollback block", "caught", "commit outer", "commit second");
  }

  @Test
  void storeClosed_runsOnRollbackHooks_whenTheTransactionIsClosed() {
    Khonsu closed = Khonsu.inMemory(StoreConfig.defaults(), allocator);
    try (Transaction tx = closed.begin()) {
      hook(tx, "1");
      closed.close();
      assertThatThrownBy(tx::commit).isInstanceOf(StoreClosedException.class);
      assertThat(done).isEmpty();
    }
    assertThat(done).containsExactly("rollback 1");
  }

  @Test
  void storageRefusing_rollsBack_unknownOutcome_runsNeither() {
    ScriptedStorage storage = new ScriptedStorage();
    try (Khonsu stored =
        Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())) {
      Table items = Items.rows(stored, "items");
      storage.script((call, _) -> {
        throw call == 0
            ? new IOException("full")
            : new UncertainOutcomeException("gone", new IOException());
      });
      assertThatThrownBy(() ->
              stored.run(tx -> {
                tx.upsert(items, items.row("a", 1L));
                hook(tx, "refused");
              }))
          .isInstanceOf(StorageRejectedException.class);
      assertThat(done).containsExactly("rollback refused");
      assertThatThrownBy(() ->
              stored.run(tx -> {
                tx.upsert(items, items.row("a", 1L));
                hook(tx, "unknown");
              }))
          .isInstanceOf(CommitOutcomeUnknownException.class);
      assertThat(done).containsExactly("rollback refused");
    }
  }

  /**
   * What waits for the gate gets in after a second: so does the fastest of these only if it must.
   */
  @Test
  void hook_runningATransaction_doesNotWaitForTheGateItsOwnTransactionHeld() {
    long fastest = Long.MAX_VALUE;
    for (int round = 0; round < 3; round++) {
      AtomicInteger runs = new AtomicInteger();
      AtomicLong nanos = new AtomicLong();
      db.run(tx -> {
        var _ = tx.get(table, "a");
        if (runs.incrementAndGet() <= 12) {
          Items.put(db, table, "a", runs.get());
        }
        tx.onCommit(() -> {
          long start = System.nanoTime();
          Items.put(db, table, "hook", runs.get());
          nanos.set(System.nanoTime() - start);
        });
      });
      assertThat(Items.state(db, table)).containsEntry("hook", 13L);
      fastest = Math.min(fastest, nanos.get());
    }
    assertThat(fastest).isLessThan(1_000_000_000);
  }
}
