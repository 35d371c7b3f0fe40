package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Short races, started together and repeated thousands of times; leaks; starvation. */
@Timeout(300)
class TxnBufferRaceTest {
  private final TxnBuffer<Long> buffer = new TxnBuffer<>(BufferOptions.simple());

  /** Two threads commit to one key object that no index knows; a third looks by an equal key. */
  @Test
  void firstCommitsThroughASharedKey_areFoundByAll() throws InterruptedException {
    int rounds = 30_000;
    Key[] shared = new Key[rounds];
    for (int i = 0; i < rounds; i++) {
      shared[i] = buffer.key(key(i).toBytes());
    }
    CyclicBarrier round = new CyclicBarrier(3);
    Threads.run(
        3,
        number -> {
          for (int i = 0; i < rounds; i++) {
            round.await();
            if (number == 2) {
              try (TestTransaction<Long> aborted =
                  TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT)) {
                aborted.put(shared[i], -1L).put(key(rounds), -1L);
                TestTransaction.put(buffer, key(rounds), (long) i);
                assertThat(aborted.commits()).isFalse();
              }
              continue;
            }
            TestTransaction.put(buffer, shared[i], (long) number);
            try (Snapshot<Long> now = buffer.snapshot()) {
              assertThat(TestTransaction.at(buffer, key(i), now)).isNotNull();
              KeyInterval one = new KeyInterval(key(i), key(i).successor());
              assertThat(TestTransaction.scan(buffer, now, one)).hasSize(1);
            }
          }
        });
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(rounds + 1);
    assertThat(buffer.statistics().items()).isEqualTo(rounds + 1);
  }

  /** A chain dies under the hands of transactions that are about to write it. */
  @Test
  void commitsAgainstPurges_loseNothing() throws InterruptedException {
    AtomicBoolean stop = new AtomicBoolean();
    Threads.run(
        () -> {
          try {
            for (long i = 0; i < 40_000; i++) {
              TestTransaction.put(buffer, key(1), i);
              assertThat(TestTransaction.read(buffer, key(1))).isEqualTo(i);
              assertThat(TestTransaction.scan(buffer).get(key(1))).isEqualTo(i);
              TestTransaction.delete(buffer, key(1));
              assertThat(TestTransaction.read(buffer, key(1))).isNull();
            }
          } finally {
            stop.set(true);
          }
        },
        () -> {
          while (!stop.get()) {
            buffer.collect();
          }
        },
        () -> {
          while (!stop.get()) {
            try (TestTransaction<Long> tx =
                TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT)) {
              tx.put(key(1), -1L).put(key(2), -1L);
              TestTransaction.put(buffer, key(2), 1L);
              assertThat(tx.commits()).isFalse();
            }
          }
        });
    buffer.collect();
    assertThat(buffer.statistics().versions()).isLessThanOrEqualTo(1);
    assertThat(buffer.statistics().items()).isLessThanOrEqualTo(1);
  }

  /** Whoever is refused is told by whom, though the winner may not have left the section yet. */
  @Test
  void refusedTransaction_alwaysLearnsTheWinner() throws InterruptedException {
    AtomicInteger refused = new AtomicInteger();
    Threads.run(
        4,
        _ -> {
          for (int i = 0; i < 40_000; i++) {
            try (TestTransaction<Long> tx =
                TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT)) {
              for (int item = 0; item < 8; item++) {
                tx.put(key(item), (long) i);
              }
              if (tx.commit() instanceof CommitResult.Aborted<Long>(var conflicts)) {
                refused.incrementAndGet();
                for (Conflict conflict : conflicts) {
                  assertThat(conflict.winnerTransaction()).isPositive();
                }
              }
            }
          }
        });
    assertThat(refused).hasPositiveValue();
  }

  @Test
  void aMillionTransactions_halfOfThemInVain_leaveNothing() throws InterruptedException {
    leaveNothing(2, 500_000);
  }

  @Test
  @Tag("long")
  void manyMillionTransactions_halfOfThemInVain_leaveNothing() throws InterruptedException {
    leaveNothing(4, 5_000_000);
  }

  private void leaveNothing(int threads, int count) throws InterruptedException {
    TestTransaction.put(buffer, key(0), 0L);
    Threads.run(
        threads,
        number -> {
          RandomGenerator random = new SplittableRandom(number);
          for (int i = 0; i < count; i++) {
            try (TestTransaction<Long> tx =
                TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT)) {
              Key mine = key(1 + random.nextInt(1_000_000));
              tx.put(mine, 1L);
              if (i % 4 == 0) {
                continue; // rolled back
              }
              if (i % 4 == 1) {
                TestTransaction.put(buffer, key(0), (long) i);
                tx.put(key(0), 1L); // in vain
                assertThat(tx.commits()).isFalse();
              } else if (tx.commits()) {
                TestTransaction.delete(buffer, mine);
              }
            }
          }
        });
    buffer.collect();
    assertThat(buffer.statistics().items()).isEqualTo(1);
    assertThat(buffer.statistics().versions()).isEqualTo(1);
    assertThat(buffer.statistics().snapshots()).isZero();
    assertThat(buffer.statistics().records()).isLessThanOrEqualTo(1);
  }

  @Test
  void longTransaction_amongShortOnes_commitsThroughTheGate() throws InterruptedException {
    int hot = 1_000;
    int failuresBeforeGate = 8;
    for (int i = 0; i < hot; i++) {
      TestTransaction.put(buffer, key(i), 0L);
    }
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger attempts = new AtomicInteger();
    Threads.run(
        () -> {
          try {
            for (int round = 0; round < 20; round++) {
              attempts.set(0);
              long gateId = -1L - round;
              while (!readsAllAndCommits(hot, attempts.incrementAndGet(), gateId)) {
                if (attempts.get() == failuresBeforeGate) {
                  buffer.enterGate(gateId);
                }
                assertThat(attempts.get()).isLessThan(failuresBeforeGate + 3);
              }
              buffer.leaveGate(gateId);
            }
          } finally {
            stop.set(true);
          }
        },
        () -> write(hot, 1, stop),
        () -> write(hot, 2, stop));
  }

  private boolean readsAllAndCommits(int hot, int attempt, long id) {
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      for (int i = 0; i < hot; i++) {
        assertThat(tx.get(key(i))).isNotNull();
      }
      tx.put(key(hot), (long) attempt);
      return buffer.commit(
              new CommitRequest<>(
                  id, IsolationLevel.SERIALIZABLE, tx.snapshot, tx.reads, tx.writes))
          instanceof CommitResult.Accepted;
    }
  }

  private void write(int hot, int seed, AtomicBoolean stop) {
    RandomGenerator random = new SplittableRandom(seed);
    while (!stop.get()) {
      TestTransaction.put(buffer, key(random.nextInt(hot)), 1L);
    }
  }
}
