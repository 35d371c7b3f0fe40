package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs that live from waiting: a lost wake-up would let them hang until the deadline, which is
 * an hour off, and so beyond the test's own.
 */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class RetryConcurrencyTest {
  private static final TransactionOptions PATIENT =
      TransactionOptions.serializable().timeout(Duration.ofHours(1));

  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  private Khonsu open(boolean isStored) {
    return isStored
        ? Khonsu.open(
            StoreConfig.defaults(), new InMemoryStorage(), allocator, InstantSource.system())
        : Khonsu.inMemory(StoreConfig.defaults(), allocator);
  }

  private static void assertLeftNothing(Khonsu db) {
    assertThat(db.contention().waiting()).isZero();
    assertThat(db.statistics().held().openViews()).isZero();
  }

  /** Two threads take turns: each waits for what the other has just written. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void pingPong_onOneItem_neverLosesAWakeUp(boolean isStored) {
    int turns = isStored ? 1_000 : 4_000;
    try (Khonsu db = open(isStored)) {
      Table table = Items.rows(db, "items");
      Items.put(db, table, "ball", 0);
      Threads.run(
          2,
          number -> {
            for (int i = 0; i < turns; i++) {
              db.run(
                  PATIENT,
                  tx -> {
                    long ball = Items.value(tx, table, "ball");
                    tx.retryUnless(ball % 2 == number);
                    tx.upsert(table, table.row("ball", ball + 1));
                  });
            }
          });
      assertThat(Items.state(db, table)).containsEntry("ball", 2L * turns);
      assertLeftNothing(db);
    }
  }

  /** The same on a range: each waits until the other has added a row behind its own. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void pingPong_onARange_neverLosesAWakeUp(boolean isStored) {
    int turns = isStored ? 300 : 1_000;
    try (Khonsu db = open(isStored)) {
      Table table = Items.rows(db, "items");
      Threads.run(
          2,
          number -> {
            for (int i = 0; i < turns; i++) {
              int turn = i;
              db.run(
                  PATIENT,
                  tx -> {
                    long own = 2L * turn + number;
                    String before = "m" + (1_000_000 + own - 1);
                    boolean isFirst = own == 0;
                    tx.retryUnless(
                        isFirst || tx.scan(table, KeyRange.atLeast(before)).rowCount() > 0);
                    tx.insert(table, table.row("m" + (1_000_000 + own), own));
                  });
            }
          });
      assertThat(Items.state(db, table)).hasSize(2 * turns);
      assertLeftNothing(db);
    }
  }

  /** Producers wait while the queue is full, consumers while it is empty. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void boundedQueue_passesEverythingOnce_inOrder(boolean isStored) {
    int perProducer = isStored ? 150 : 500;
    int capacity = 4;
    try (Khonsu db = open(isStored)) {
      BoundedQueue queue = new BoundedQueue(db, capacity);
      ConcurrentLinkedQueue<Long> taken = new ConcurrentLinkedQueue<>();
      Threads.run(
          6,
          number -> {
            for (int i = 0; i < perProducer; i++) {
              long value = number * 1_000_000L + i;
              if (number < 3) {
                db.run(PATIENT, tx -> queue.put(tx, value));
              } else {
                taken.add(db.transact(PATIENT, queue::take));
              }
            }
          });
      assertThat(taken).hasSize(3 * perProducer).doesNotHaveDuplicates();
      assertThat(queue.size()).isZero();
      assertLeftNothing(db);
    }
  }

  /** A queue whose size never exceeds its capacity, which every transaction checks. */
  private static final class BoundedQueue {
    private final Khonsu db;
    private final Table table;
    private final int capacity;

    BoundedQueue(Khonsu db, int capacity) {
      this.db = db;
      this.table = Items.rows(db, "queue");
      this.capacity = capacity;
      Items.put(db, table, "head", 0);
      Items.put(db, table, "tail", 0);
    }

    long size() {
      return db.readOnly(s -> Items.value(s, table, "tail") - Items.value(s, table, "head"));
    }

    void put(Transaction tx, long value) {
      long head = Items.value(tx, table, "head");
      long tail = Items.value(tx, table, "tail");
      assertThat(tail - head).isBetween(0L, (long) capacity);
      tx.retryUnless(tail - head < capacity);
      tx.insert(table, table.row("item" + tail, value));
      tx.upsert(table, table.row("tail", tail + 1));
    }

    long take(Transaction tx) {
      long head = Items.value(tx, table, "head");
      long value = tx.get(table, "item" + head).orElseThrow(tx::retry).getLong("value");
      tx.delete(table, "item" + head);
      tx.upsert(table, table.row("head", head + 1));
      return value;
    }
  }

  /** Each takes both forks or none, and waits while a neighbour has one. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void diningPhilosophers_allEat_andNoForkIsInTwoHands(boolean isStored) {
    int seats = 5;
    int meals = isStored ? 60 : 300;
    try (Khonsu db = open(isStored)) {
      Table forks = Items.rows(db, "forks");
      for (int i = 0; i < seats; i++) {
        Items.put(db, forks, "fork" + i, -1);
      }
      Threads.run(
          seats,
          seat -> {
            List<String> mine = List.of("fork" + seat, "fork" + (seat + 1) % seats);
            for (int i = 0; i < meals; i++) {
              db.run(PATIENT, tx -> hold(tx, forks, mine, -1, seat));
              Threads.letOthersRun();
              db.run(PATIENT, tx -> hold(tx, forks, mine, seat, -1));
            }
          });
      assertThat(Items.state(db, forks).values()).hasSize(seats).containsOnly(-1L);
      assertLeftNothing(db);
    }
  }

  private static void hold(
      Transaction tx, Table forks, List<String> mine, long before, long after) {
    for (String fork : mine) {
      long holder = Items.value(tx, forks, fork);
      assertThat(after >= 0 || holder == before).isTrue();
      tx.retryUnless(holder == before);
      tx.update(forks, forks.row(fork, after));
    }
  }

  /** Takes from whichever queue has something, or waits for both. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void orElse_mergesTwoQueues_andWaitsForEither(boolean isStored) {
    int perProducer = isStored ? 150 : 500;
    try (Khonsu db = open(isStored)) {
      Table left = Items.rows(db, "left");
      Table right = Items.rows(db, "right");
      ConcurrentLinkedQueue<Long> taken = new ConcurrentLinkedQueue<>();
      Threads.run(
          4,
          number -> {
            for (int i = 0; i < perProducer; i++) {
              long value = (number % 2) * 1_000_000L + i;
              if (number < 2) {
                Table table = number == 0 ? left : right;
                Items.put(db, table, "%08d".formatted(value), value);
              } else {
                taken.add(
                    db.transact(
                        PATIENT,
                        tx ->
                            tx.<Long, RuntimeException>orElse(
                                t -> takeFirst(t, left), t -> takeFirst(t, right))));
              }
            }
          });
      assertThat(taken)
          .containsExactlyInAnyOrderElementsOf(
              LongStream.range(0, perProducer)
                  .flatMap(i -> LongStream.of(i, 1_000_000L + i))
                  .boxed()
                  .toList());
      assertLeftNothing(db);
    }
  }

  private static long takeFirst(Transaction tx, Table table) {
    List<Row> rows = tx.scan(table).rows();
    tx.retryUnless(!rows.isEmpty());
    tx.delete(table, rows.getFirst().getString("id"));
    return rows.getFirst().getLong("value");
  }
}
