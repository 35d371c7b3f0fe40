package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Waiting for a change of what was read. */
@Timeout(60)
class WaitersTest {
  private final TxnBuffer<Long> buffer = new TxnBuffer<>(BufferOptions.simple());
  private final TxnBuffer<Long> held =
      new TxnBuffer<>(BufferOptions.<Long>simple().withPublication(TxnBuffer.Publication.EXPLICIT));
  private final AtomicInteger wakeUps = new AtomicInteger();

  private static Key key(int number) {
    return TestTransaction.key(number);
  }

  private Waiter wait(TxnBuffer<Long> on, Snapshot<Long> snapshot, ReadSet<Long> reads) {
    return on.awaitChange(snapshot, reads, wakeUps::incrementAndGet);
  }

  private Waiter wait(TxnBuffer<Long> on, ReadSet<Long> reads) {
    try (Snapshot<Long> snapshot = on.snapshot()) {
      return wait(on, snapshot, reads);
    }
  }

  private static ReadSet<Long> item(int number) {
    ReadSet<Long> reads = new ReadSet<>();
    reads.addItem(key(number));
    return reads;
  }

  private static ReadSet<Long> range(int from, int to) {
    ReadSet<Long> reads = new ReadSet<>();
    reads.addRange(new KeyInterval(key(from), key(to)), (_, _) -> false);
    return reads;
  }

  @Test
  void snapshotThatCannotCommit_isRefused() {
    try (Snapshot<Long> snapshot = buffer.readOnlySnapshot()) {
      assertThatThrownBy(() -> wait(buffer, snapshot, item(1)))
          .isInstanceOf(IllegalStateException.class);
    }
    assertThat(buffer.waiterCount()).isZero();
  }

  @Test
  void item_presentOrNot_guardAndRange_areWokenByTheirChangesAlone() {
    TestTransaction.put(buffer, key(1), 1L);
    ReadSet<Long> guard = new ReadSet<>();
    guard.addGuard(key(7));
    List<Waiter> waiters =
        List.of(
            wait(buffer, item(1)),
            wait(buffer, item(2)),
            wait(buffer, guard),
            wait(buffer, range(10, 20)));
    TestTransaction.put(buffer, key(3), 1L);
    TestTransaction.put(buffer, key(9), 1L);
    TestTransaction.put(buffer, key(20), 1L);
    assertThat(wakeUps).hasValue(0);
    TestTransaction.delete(buffer, key(1));
    assertThat(wakeUps).hasValue(1);
    TestTransaction.put(buffer, key(2), 1L);
    assertThat(wakeUps).hasValue(2);
    TestTransaction.put(buffer, key(7), 1L);
    assertThat(wakeUps).hasValue(3);
    TestTransaction.put(buffer, key(10), 1L);
    assertThat(wakeUps).hasValue(4);
    TestTransaction.put(buffer, key(19), 1L);
    TestTransaction.put(buffer, key(2), 2L);
    assertThat(wakeUps).hasValue(4);
    waiters.forEach(Waiter::close);
    assertThat(buffer.waiterCount()).isZero();
  }

  @Test
  void closed_isNotWoken_andLeavesTheOthers() {
    Waiter first = wait(buffer, item(1));
    Waiter second = wait(buffer, item(1));
    Waiter ranged = wait(buffer, range(0, 5));
    first.close();
    first.close();
    assertThat(buffer.waiterCount()).isEqualTo(2);
    TestTransaction.put(buffer, key(1), 1L);
    assertThat(wakeUps).hasValue(2);
    second.close();
    ranged.close();
    TestTransaction.put(buffer, key(1), 2L);
    assertThat(wakeUps).hasValue(2);
  }

  @Test
  void changesSinceTheSnapshot_wakeAtOnce() {
    try (Snapshot<Long> snapshot = buffer.snapshot()) {
      TestTransaction.put(buffer, key(1), 1L);
      TestTransaction.delete(buffer, key(1));
      buffer.collect();
      wait(buffer, snapshot, item(2)).close();
      wait(buffer, snapshot, range(2, 9)).close();
      assertThat(wakeUps).hasValue(0);
      wait(buffer, snapshot, item(1)).close();
      assertThat(wakeUps).hasValue(1);
      wait(buffer, snapshot, range(0, 9)).close();
      assertThat(wakeUps).hasValue(2);
    }
  }

  @Test
  void rangesOfOneStart_areToldApart() {
    List<Waiter> waiters = new ArrayList<>();
    for (int end = 1; end <= 5; end++) {
      waiters.add(wait(buffer, range(0, end)));
    }
    ReadSet<Long> open = new ReadSet<>();
    open.addRange(new KeyInterval(key(0), null), null);
    waiters.add(wait(buffer, open));
    TestTransaction.put(buffer, key(3), 1L);
    assertThat(wakeUps).hasValue(3);
    waiters.forEach(Waiter::close);
  }

  @Test
  void unpublishedCommit_wakesNobody_withdrawnNever_publishedDoes() {
    CommitRecord<Long> pending = TestTransaction.put(held, key(1), 1L);
    try (Waiter _ = wait(held, item(1));
        Waiter _ = wait(held, range(0, 5))) {
      held.withdraw(pending);
      assertThat(wakeUps).hasValue(0);
      CommitRecord<Long> before = TestTransaction.put(held, key(1), 2L);
      CommitRecord<Long> last = TestTransaction.put(held, key(9), 2L);
      assertThat(wakeUps).hasValue(0);
      held.publish(last); // and with it the one before
      assertThat(before.version()).isLessThan(held.newestVersion());
      assertThat(wakeUps).hasValue(2);
    }
  }

  @Test
  void wakeAll_wakesEverybodyOnce() {
    try (Waiter _ = wait(buffer, item(1));
        Waiter _ = wait(buffer, range(0, 5))) {
      buffer.wakeAll();
      buffer.wakeAll();
      assertThat(wakeUps).hasValue(2);
    }
  }

  /** Registering races with publishing, over and over: a lost wake-up hangs the test. */
  @Test
  void registering_besideCommits_neverMissesTheLast() throws InterruptedException {
    race(buffer, false);
  }

  @Test
  void registering_besideLatePublication_neverMissesTheLast() throws InterruptedException {
    race(held, true);
  }

  private static void race(TxnBuffer<Long> on, boolean publishes) throws InterruptedException {
    int rounds = 10_000;
    Threads.run(
        2,
        number -> {
          for (long round = 0; round < rounds; round++) {
            if (number == 0) {
              CommitRecord<Long> record = TestTransaction.put(on, key(1), round);
              if (publishes) {
                on.publish(record);
              }
              awaitValue(on, 2, round);
            } else {
              awaitValue(on, 1, round);
              CommitRecord<Long> record = TestTransaction.put(on, key(2), round);
              if (publishes) {
                on.publish(record);
              }
            }
          }
        });
    assertThat(on.waiterCount()).isZero();
  }

  private static void awaitValue(TxnBuffer<Long> on, int number, long value)
      throws InterruptedException {
    while (true) {
      Semaphore woken = new Semaphore(0);
      Waiter waiter;
      try (TestTransaction<Long> tx = TestTransaction.begin(on)) {
        Long found = tx.get(key(number));
        if (found != null && found == value) {
          return;
        }
        waiter =
            on.awaitChange(tx.snapshot, value % 2 == 0 ? tx.reads : around(number), woken::release);
      }
      try (waiter) {
        woken.acquire();
      }
    }
  }

  private static ReadSet<Long> around(int number) {
    return range(number, number + 1);
  }
}
