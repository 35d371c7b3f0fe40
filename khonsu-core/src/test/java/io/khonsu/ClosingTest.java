package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Closing the store, or a view, while others are inside. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class ClosingTest {
  private static final int ROUNDS = 40;

  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  @Test
  void close_afterTheBodyAndBeforeItsCommit_isNoSuccess() {
    InMemoryStorage storage = new InMemoryStorage();
    Khonsu db = Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system());
    Table table = Items.rows(db, "items");
    assertThatThrownBy(() ->
            db.run(tx -> {
              tx.upsert(table, table.row("a", 1L));
              db.close();
            }))
        .isInstanceOf(StoreClosedException.class);
  }

  @Test
  void scanResult_afterItsViewEnded_isRefused() {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table table = Items.rows(db, "items");
      db.run(tx -> {
        for (int i = 0; i < 2_000; i++) {
          tx.upsert(table, table.row("k" + i, (long) i));
        }
      });
      ScanResult found;
      try (Snapshot snapshot = db.snapshot()) {
        found = snapshot.scan(table);
      }
      assertThatThrownBy(found::toBatch).isInstanceOf(TransactionClosedException.class);
      assertThatThrownBy(found::rows).isInstanceOf(TransactionClosedException.class);
      assertThatThrownBy(() -> found.iterator().next())
          .isInstanceOf(TransactionClosedException.class);
    }
  }

  @Test
  void view_closedWhileAnotherThreadCommitsIt_saysSo() {
    ScriptedStorage storage = new ScriptedStorage();
    try (Khonsu db =
        Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())) {
      Table table = Items.rows(db, "items");
      Transaction tx = db.begin();
      tx.upsert(table, table.row("a", 1L));
      var gate = storage.holdNext();
      try (var _ = Threads.start(1, _ -> tx.commit())) {
        gate.awaitReached();
        assertThatThrownBy(tx::close).isInstanceOf(ConcurrentUseException.class);
        assertThatThrownBy(() -> tx.get(table, "a")).isInstanceOf(ConcurrentUseException.class);
        gate.open();
      }
      tx.close();
      assertThatThrownBy(() -> tx.get(table, "a")).isInstanceOf(TransactionClosedException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void close_underLoad_endsEverythingAndLosesNoCommit(boolean isStored) {
    for (int round = 0; round < ROUNDS; round++) {
      InMemoryStorage storage = new InMemoryStorage();
      Khonsu db =
          isStored
              ? Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())
              : Khonsu.inMemory(StoreConfig.defaults(), allocator);
      Table table = Items.rows(db, "items");
      AtomicLong committed = new AtomicLong();
      CyclicBarrier start = new CyclicBarrier(7);
      try (var users =
          Threads.start(
              6,
              number -> {
                start.await();
                use(db, table, number, committed);
              })) {
        await(start);
        long target = round * 3L;
        Threads.awaitUntil(() -> committed.get() >= target);
        db.close();
        users.join();
      }
      assertThat(allocator.getAllocatedMemory()).isZero();
      assertThat(allocator.getChildAllocators()).isEmpty();
      if (isStored) {
        try (Khonsu again =
            Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())) {
          Table counters = again.table("items").orElseThrow();
          long counted = again.readOnly(s -> Items.value(s, counters, "count"));
          assertThat(counted)
              .isGreaterThanOrEqualTo(
                  committed.get() == 0 ? -1 : committed.get()); // no row yet: -1
        }
      }
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new AssertionError("not all came to the barrier", e);
    }
  }

  /** Works until the store is closed, which nothing but its exception may tell. */
  private void use(Khonsu db, Table table, int number, AtomicLong committed) {
    try {
      for (int i = 0; ; i++) {
        switch (number) {
          case 0, 1 -> {
            db.run(tx -> {
              long count = Math.max(0, Items.value(tx, table, "count"));
              tx.upsert(table, table.row("count", count + 1));
            });
            committed.incrementAndGet();
          }
          case 2 -> write(db, table, i);
          case 3 -> read(db, table, i);
          case 4 -> db.compact();
          default -> {
            Table own = Items.rows(db, "own" + i);
            Items.put(db, own, "a", 1);
            db.dropTable(own);
            db.collect();
          }
        }
      }
    } catch (StoreClosedException _) {
      return;
    }
  }

  private static void write(Khonsu db, Table table, int i) {
    try (Transaction tx = db.begin(TransactionOptions.snapshot())) {
      for (int row = 0; row < 200; row++) {
        tx.upsert(table, table.row("k" + i % 10 + "/" + row, (long) row));
      }
      tx.commit();
    }
  }

  private static void read(Khonsu db, Table table, int i) {
    List<IsolationLevel> levels = List.of(IsolationLevel.values());
    IsolationLevel level = levels.get(i % levels.size());
    try (Transaction tx = db.begin(TransactionOptions.of(level));
        Snapshot snapshot = db.snapshot()) {
      ScanResult found = tx.scan(table);
      assertThat(found.rows()).hasSize((int) found.rowCount());
      assertThat(found.schema()).isEqualTo(Items.ROW);
      assertThat(found.toBatch()).isNotNull(); // closed by now, maybe
      for (RecordBatch batch : snapshot.scan(table)) {
        assertThat(batch).isNotNull();
      }
    }
  }
}
