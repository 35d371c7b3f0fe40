package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Transactions that collide again and again: they get through, or give up as they were told. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class RetryingTest {
  /** Twelve attempts in the open, and a few through the gate should it be lost once. */
  private static final int ATTEMPTS_MAX = 16;

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
    assertThat(db.statistics().held().openViews()).isZero();
    db.close();
  }

  /** Reads a row, and lets somebody else change it at once. */
  private void collide(Transaction tx) {
    var _ = tx.get(table, "a");
    Items.put(db, table, "a", System.nanoTime());
    tx.upsert(table, table.row("b", 1L));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void longTransaction_againstHotShortOnes_commitsInAFewAttempts(boolean isStored) {
    if (isStored) {
      db.close();
      db =
          Khonsu.open(
              StoreConfig.defaults(), new InMemoryStorage(), allocator, InstantSource.system());
      table = Items.rows(db, "items");
    }
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger attempts = new AtomicInteger();
    Threads.run(
        4,
        number -> {
          if (number > 0) {
            for (long i = 0; !done.get(); i++) {
              Items.put(db, table, "k" + i % 20, i);
            }
            return;
          }
          for (int i = 0; i < 20; i++) {
            attempts.set(0);
            db.run(tx -> {
              attempts.incrementAndGet();
              long sum = 0;
              for (int pass = 0; pass < 5; pass++) {
                sum += Items.state(tx, table).values().stream().mapToLong(Long::longValue).sum();
                Threads.letOthersRun();
              }
              tx.upsert(table, table.row("sum", sum));
            });
            assertThat(attempts.get()).isLessThanOrEqualTo(ATTEMPTS_MAX);
          }
          done.set(true);
        });
  }

  @Test
  void attempts_usedUp_giveUpWithTheConflict() {
    AtomicInteger attempts = new AtomicInteger();
    assertThatThrownBy(() ->
            db.run(
                TransactionOptions.serializable().attemptsMax(7),
                tx -> {
                  attempts.incrementAndGet();
                  collide(tx);
                }))
        .isInstanceOf(TransactionDeadlineException.class)
        .hasMessageContaining("7 attempts")
        .hasCauseInstanceOf(TransactionConflictException.class)
        .satisfies(e -> assertThat(((TransactionDeadlineException) e).attempts()).isEqualTo(7));
    assertThat(attempts.get()).isEqualTo(7);
    assertThat(db.statistics().retries()).isEqualTo(6);
    assertThat(Items.state(db, table)).doesNotContainKey("b");
  }

  @Test
  void timeout_passed_givesUpAfterTheAttempt() {
    AtomicInteger attempts = new AtomicInteger();
    assertThatThrownBy(() ->
            db.run(
                TransactionOptions.serializable().timeout(Duration.ofNanos(1)),
                tx -> {
                  attempts.incrementAndGet();
                  collide(tx);
                }))
        .isInstanceOf(TransactionDeadlineException.class);
    assertThat(attempts.get()).isEqualTo(1);
  }

  @Test
  void timeout_endless_isTaken() {
    AtomicInteger attempts = new AtomicInteger();
    db.run(
        TransactionOptions.serializable().timeout(ChronoUnit.FOREVER.getDuration()),
        tx -> {
          if (attempts.incrementAndGet() < 9) {
            collide(tx);
          }
        });
    assertThat(attempts.get()).isEqualTo(9);
  }

  @Test
  void interruption_endsTheRetries_andStaysNoted() {
    AtomicInteger attempts = new AtomicInteger();
    try {
      assertThatThrownBy(() ->
              db.run(tx -> {
                if (attempts.incrementAndGet() == 5) {
                  Thread.currentThread().interrupt();
                }
                collide(tx);
              }))
          .isInstanceOf(TransactionInterruptedException.class);
      assertThat(attempts.get()).isEqualTo(5);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void body_throwing_rollsBackAndIsNotRetried() {
    AtomicInteger attempts = new AtomicInteger();
    Exception failure = new Exception("mine");
    assertThatThrownBy(() ->
            db.run(tx -> {
              attempts.incrementAndGet();
              tx.upsert(table, table.row("a", 1L));
              throw failure;
            }))
        .isSameAs(failure);
    assertThat(attempts.get()).isEqualTo(1);
    assertThat(Items.state(db, table)).isEmpty();
  }

  @Test
  void gate_doesNotLockOutTheBodysOwnTransactions() {
    AtomicInteger attempts = new AtomicInteger();
    db.run(tx -> {
      if (attempts.incrementAndGet() <= 13) {
        collide(tx);
      }
    });
    assertThat(attempts.get()).isEqualTo(14);
  }
}
