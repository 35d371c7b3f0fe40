package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.RecordingLifecycle.Tracked;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Real threads, fixed numbers of operations, invariants checked by every reader. Every value read
 * must not have been retired. Seeds are constants: the operating system supplies the rest.
 */
@Timeout(300)
class TxnBufferStressTest {
  private final RecordingLifecycle lifecycle = new RecordingLifecycle();
  private final TxnBuffer<Tracked> buffer =
      new TxnBuffer<>(BufferOptions.<Tracked>simple().withLifecycle(lifecycle));

  @Test
  void transfers_neverChangeTheSum() throws InterruptedException {
    int accounts = 40;
    try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer)) {
      for (int i = 0; i < accounts; i++) {
        tx.put(key(i), new Tracked(100));
      }
      assertThat(tx.commits()).isTrue();
    }
    AtomicInteger writers = new AtomicInteger(3);
    Threads.run(
        5,
        number -> {
          if (number < 3) {
            transfer(accounts, 60_000, number);
            writers.decrementAndGet();
            return;
          }
          while (writers.get() > 0) {
            audit(accounts);
          }
        });
    audit(accounts);
    assertMinimal(accounts);
  }

  private void transfer(int accounts, int count, int seed) {
    RandomGenerator random = new SplittableRandom(seed);
    IsolationLevel[] levels = {
      IsolationLevel.SNAPSHOT, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE
    };
    for (int i = 0; i < count; i++) {
      int from = random.nextInt(accounts);
      int to = (from + 1 + random.nextInt(accounts - 1)) % accounts;
      try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer, levels[i % 3])) {
        tx.put(key(from), new Tracked(content(tx, from) - 1));
        tx.put(key(to), new Tracked(content(tx, to) + 1));
        tx.commit();
      }
    }
  }

  private void audit(int accounts) {
    try (Snapshot<Tracked> now = buffer.snapshot()) {
      NavigableMap<Key, Tracked> first = TestTransaction.scan(buffer, now, TestTransaction.ALL);
      assertThat(sum(first)).isEqualTo(accounts * 100L);
      for (int i = 0; i < accounts; i++) {
        Tracked value = Invariants.present(TestTransaction.at(buffer, key(i), now), "account");
        assertThat(value).isSameAs(first.get(key(i)));
        assertThat(value.isRetired()).isFalse();
      }
    }
  }

  private static long sum(NavigableMap<Key, Tracked> accounts) {
    return accounts.values().stream().mapToLong(value -> value.content).sum();
  }

  @Test
  void everySnapshot_isAPrefixOfTheCommits() throws InterruptedException {
    prefixes(buffer, 3, 100_000, 17);
  }

  /** Commit n sets the counter to n, and one of the other keys in turn. */
  private void prefixes(TxnBuffer<Tracked> tested, int writers, int count, int ring)
      throws InterruptedException {
    AtomicInteger running = new AtomicInteger(writers);
    Threads.run(
        writers + 3,
        number -> {
          if (number >= writers) {
            while (running.get() > 0) {
              checkPrefix(tested, ring);
            }
            return;
          }
          for (int i = 0; i < count; i++) {
            try (TestTransaction<Tracked> tx = TestTransaction.begin(tested)) {
              Tracked counter = tx.get(key(ring));
              long next = counter == null ? 1 : counter.content + 1;
              tx.put(key(ring), new Tracked(next));
              tx.put(key((int) (next % ring)), new Tracked(next));
              tx.commit();
            }
          }
          running.decrementAndGet();
        });
    checkPrefix(tested, ring);
    tested.collect();
    assertThat(tested.statistics().versions()).isEqualTo(ring + 1);
  }

  private static void checkPrefix(TxnBuffer<Tracked> tested, int ring) {
    try (Snapshot<Tracked> now = tested.snapshot()) {
      Tracked counter = TestTransaction.at(tested, key(ring), now);
      long last = counter == null ? 0 : counter.content;
      assertThat(last).isEqualTo(now.version());
      NavigableMap<Key, Tracked> scanned = TestTransaction.scan(tested, now, TestTransaction.ALL);
      for (int i = 0; i < ring; i++) {
        long expected = last - Math.floorMod(last - i, ring);
        Tracked value = TestTransaction.at(tested, key(i), now);
        assertThat(value == null ? 0 : value.content).isEqualTo(Math.max(expected, 0));
        assertThat(value == null || !value.isRetired()).isTrue();
        assertThat(scanned.get(key(i))).isSameAs(value);
      }
    }
  }

  @Test
  void scans_whileItemsComeAndGo_seeThePermanentOnesInOrder() throws InterruptedException {
    int permanent = 200;
    for (int i = 0; i < permanent; i++) {
      TestTransaction.put(buffer, key(i * 50), new Tracked(i));
    }
    AtomicInteger writers = new AtomicInteger(2);
    Threads.run(
        4,
        number -> {
          if (number < 2) {
            RandomGenerator random = new SplittableRandom(number);
            for (int round = 0; round < 1_000; round++) {
              comeAndGo(random.nextInt(permanent) * 50, 200, number);
            }
            writers.decrementAndGet();
            return;
          }
          while (writers.get() > 0) {
            try (Snapshot<Tracked> now = buffer.snapshot()) {
              NavigableMap<Key, Tracked> found =
                  TestTransaction.scan(buffer, now, TestTransaction.ALL);
              for (int i = 0; i < permanent; i++) {
                assertThat(found.get(key(i * 50))).isNotNull();
              }
              // Others come and go as whole commits.
              assertThat((found.size() - permanent) % 49).isZero();
              assertThat(TestTransaction.scan(buffer, now, TestTransaction.ALL)).isEqualTo(found);
            }
          }
        });
    assertMinimal(permanent);
  }

  /** Inserts 49 items at a time, all odd or all even offsets excluded by thread; deletes them. */
  private void comeAndGo(int base, int span, int thread) {
    for (int part = 0; part < span / 50; part++) {
      int first = 1_000_000 * thread + base + part * 50;
      try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer)) {
        for (int i = 1; i < 50; i++) {
          tx.put(key(first + i), new Tracked(i));
        }
        assertThat(tx.commits()).isTrue();
      }
    }
    for (int part = 0; part < span / 50; part++) {
      int first = 1_000_000 * thread + base + part * 50;
      try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer)) {
        for (int i = 1; i < 50; i++) {
          tx.delete(key(first + i));
        }
        assertThat(tx.commits()).isTrue();
      }
    }
  }

  @Test
  void hotCounter_losesNoUpdate() throws InterruptedException {
    TestTransaction.put(buffer, key(0), new Tracked(0));
    AtomicLong committed = new AtomicLong();
    Threads.run(
        4,
        number -> {
          for (int i = 0; i < 60_000; i++) {
            IsolationLevel level =
                number % 2 == 0 ? IsolationLevel.SNAPSHOT : IsolationLevel.SERIALIZABLE;
            try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer, level)) {
              tx.put(key(0), new Tracked(content(tx, 0) + 1));
              committed.addAndGet(tx.commits() ? 1 : 0);
            }
          }
        });
    assertThat(Invariants.present(TestTransaction.read(buffer, key(0)), "counter").content)
        .isEqualTo(committed.get())
        .isPositive();
    assertMinimal(1);
  }

  @Test
  void limitOnARange_isNeverExceeded() throws InterruptedException {
    int limit = 5;
    AtomicInteger running = new AtomicInteger(3);
    AtomicInteger inserted = new AtomicInteger();
    Threads.run(
        4,
        number -> {
          if (number == 3) {
            while (running.get() > 0) {
              assertThat(TestTransaction.scan(buffer)).hasSizeLessThanOrEqualTo(limit);
            }
            return;
          }
          RandomGenerator random = new SplittableRandom(number);
          for (int i = 0; i < 15_000; i++) {
            try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer)) {
              NavigableMap<Key, Tracked> found =
                  tx.scan(new KeyInterval(key(0), key(1_000)), (_, _) -> true);
              if (found.size() < limit) {
                tx.put(key(random.nextInt(1_000)), new Tracked(i));
              } else {
                found.keySet().stream().skip(random.nextInt(limit)).forEach(tx::delete);
              }
              inserted.addAndGet(tx.commits() ? 1 : 0);
            }
          }
          running.decrementAndGet();
        });
    assertThat(inserted).hasPositiveValue();
    assertMinimal(TestTransaction.scan(buffer).size());
  }

  @Test
  void doctors_neverAllLeave() throws InterruptedException {
    for (int i = 0; i < 2; i++) {
      TestTransaction.put(buffer, key(i), new Tracked(1));
    }
    AtomicInteger running = new AtomicInteger(2);
    Threads.run(
        3,
        number -> {
          if (number == 2) {
            while (running.get() > 0) {
              assertThat(sum(TestTransaction.scan(buffer))).isPositive();
            }
            return;
          }
          for (int i = 0; i < 100_000; i++) {
            try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer)) {
              boolean both = content(tx, 0) + content(tx, 1) == 2;
              tx.put(key(number), new Tracked(both ? 0 : 1));
              tx.commit();
            }
          }
          running.decrementAndGet();
        });
    assertMinimal(2);
  }

  @Test
  void pendingCommits_publishedByAnotherThread_arePrefixes() throws InterruptedException {
    TxnBuffer<Tracked> explicit =
        new TxnBuffer<>(
            BufferOptions.<Tracked>simple()
                .withLifecycle(lifecycle)
                .withPublication(TxnBuffer.Publication.EXPLICIT));
    int commits = 100_000;
    java.util.concurrent.ArrayBlockingQueue<CommitRecord<Tracked>> log =
        new java.util.concurrent.ArrayBlockingQueue<>(64);
    AtomicInteger running = new AtomicInteger(1);
    Threads.run(
        () -> {
          for (int i = 1; i <= commits; i++) {
            try (TestTransaction<Tracked> tx = TestTransaction.begin(explicit)) {
              tx.put(key(17), new Tracked(i)).put(key(i % 17), new Tracked(i));
              log.put(TestTransaction.accepted(tx.commit()));
            }
          }
        },
        () -> {
          for (int i = 0; i < commits; i++) {
            explicit.publish(log.take());
          }
          running.set(0);
        },
        () -> {
          while (running.get() > 0) {
            checkPrefix(explicit, 17);
          }
        });
    checkPrefix(explicit, 17);
    explicit.collect();
    assertThat(explicit.statistics().versions()).isEqualTo(18);
    assertThat(lifecycle.retired).hasValue(2 * commits - 18);
  }

  /** {@return what a transaction reads, which must not have been retired} */
  private static long content(TestTransaction<Tracked> tx, int item) {
    Tracked value = Invariants.present(tx.get(key(item)), "an item that is always there");
    Invariants.check(!value.isRetired(), "a visible value is not retired");
    return value.content;
  }

  private void assertMinimal(int items) {
    buffer.collect();
    BufferStatistics statistics = buffer.statistics();
    assertThat(statistics.items()).isEqualTo(items);
    assertThat(statistics.versions()).isEqualTo(items);
    assertThat(statistics.snapshots()).isZero();
    assertThat(statistics.records()).isLessThanOrEqualTo(1);
    TestTransaction.scan(buffer)
        .values()
        .forEach(value -> assertThat(value.isRetired() || value.isSuperseded()).isFalse());
  }
}
