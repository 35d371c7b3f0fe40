package io.khonsu;

import static io.khonsu.Batches.NUMBERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.testkit.LeakChecking;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who owns which memory for how long, and what happens to who uses it after that. */
@ExtendWith(LeakChecking.class)
@SuppressWarnings("MustBeClosedChecker") // what is retained is handed on to try blocks and threads
class OwnershipTest {
  /** Large enough that batches are outside the heap and passed on without a copy. */
  private static final int ROWS = 5_000;

  private BufferAllocator allocator;

  @BeforeEach
  void remember(BufferAllocator root) {
    allocator = root;
  }

  private static Table rows(Khonsu db) {
    return db.createTable(TableSpec.rows("rows", NUMBERS).primaryKey("id"));
  }

  private static Table batches(Khonsu db) {
    return db.createTable(TableSpec.batches("batches", NUMBERS));
  }

  private void fill(Khonsu db, Table rows, long first) {
    try (VectorSchemaRoot root = Batches.numbers(allocator, first, ROWS)) {
      db.run(tx -> tx.upsert(rows, root));
    }
  }

  private static long value(RecordBatch batch, int row) {
    return ((BigIntVector) batch.vector("value")).get(row);
  }

  @Test
  void results_afterTheirView_areRefused() {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table rows = rows(db);
      fill(db, rows, 0);
      Snapshot snapshot = db.snapshot();
      ScanResult result = snapshot.scan(rows);
      Iterator<RecordBatch> batches = result.iterator();
      RecordBatch batch = result.toBatch();
      BigIntVector vector = (BigIntVector) batch.vector("value");
      assertThat(vector.get(7)).isEqualTo(700);
      snapshot.close();
      assertThatThrownBy(batch::root)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("retain()");
      assertThatThrownBy(batch::rowCount).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(batch::schema).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(batch::retain).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> vector.get(7)).isInstanceOf(RuntimeException.class);
      assertThatThrownBy(batches::next).isInstanceOf(TransactionClosedException.class);
      assertThatThrownBy(result::toBatch).isInstanceOf(TransactionClosedException.class);
      assertThatThrownBy(result::rows).isInstanceOf(TransactionClosedException.class);
      assertThat(batch).hasToString("RecordBatch[closed]");
      batch.close();
    }
  }

  @Test
  void batch_closedEarly_givesItsMemoryBack() {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table rows = rows(db);
      fill(db, rows, 0);
      db.run(tx -> {
        tx.upsert(rows, rows.row(7L, 1L));
        long before = db.statistics().held().memoryBytes();
        for (RecordBatch batch : tx.scan(rows)) {
          batch.close();
        }
        assertThat(db.statistics().held().memoryBytes()).isEqualTo(before);
      });
    }
  }

  @Test
  void retained_survivesViewOverwriteAndCollection() {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table rows = rows(db);
      fill(db, rows, 0);
      RecordBatch kept;
      RecordBatch copy;
      try (Snapshot snapshot = db.snapshot()) {
        RecordBatch whole = snapshot.scan(rows).toBatch();
        RecordBatch part = snapshot.scan(rows, KeyRange.closedOpen(1_000L, 3_000L)).toBatch();
        copy = whole.retain();
        kept = part.retain();
      }
      try (copy;
          kept) {
        fill(db, rows, 1);
        db.run(tx -> tx.delete(rows, 0L));
        db.collect();
        db.dropTable(rows);
        db.collect();
        assertThat(copy.rowCount()).isEqualTo(ROWS);
        assertThat(value(copy, 4_999)).isEqualTo(499_900);
        assertThat(kept.rowCount()).isEqualTo(2_000);
        assertThat(value(kept, 0)).isEqualTo(100_000);
      }
      assertThatThrownBy(kept::root).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void retained_byManyThreads_isFreedByTheLast() throws Exception {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Table rows = rows(db);
      fill(db, rows, 0);
      List<Callable<Long>> readers = new ArrayList<>();
      try (Snapshot snapshot = db.snapshot()) {
        RecordBatch batch = snapshot.scan(rows).toBatch();
        for (int i = 0; i < 40; i++) {
          RecordBatch mine = batch.retain();
          readers.add(() -> {
            long sum = 0;
            try (mine;
                RecordBatch again = mine.retain()) {
              mine.close();
              for (int row = 0; row < ROWS; row++) {
                sum += value(again, row);
              }
            }
            return sum;
          });
        }
      }
      Collection<Future<Long>> sums = threads.invokeAll(readers);
      for (Future<Long> sum : sums) {
        assertThat(sum.get()).isEqualTo(100L * ROWS * (ROWS - 1) / 2);
      }
    }
  }

  @Test
  void store_closedWithRetainedBatches_reportsThemAndLeavesThemReadable() {
    Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
    Table rows = rows(db);
    fill(db, rows, 0);
    RecordBatch shared;
    RecordBatch copied;
    try (Snapshot snapshot = db.snapshot()) {
      shared = snapshot.scan(rows).toBatch().retain();
      copied = snapshot.getAll(rows, List.of(1L, 2L)).retain();
    }
    try (shared) {
      try (copied) {
        assertThatThrownBy(db::close)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("retained");
        db.close();
        assertThat(value(copied, 1)).isEqualTo(200);
      }
      assertThat(value(shared, 4_999)).isEqualTo(499_900);
    }
  }

  @Test
  void batches_borrowed_mayBeChangedAndClosedRightAfterTheCall() {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table rows = rows(db);
      Table batches = batches(db);
      try (Transaction tx = db.begin()) {
        VectorSchemaRoot root = Batches.numbers(allocator, 0, 100);
        tx.upsert(rows, root);
        tx.write(batches, "b", root);
        ((BigIntVector) root.getVector("value")).set(7, -1);
        tx.write(batches, "changed", root);
        root.close();
        assertThat(tx.get(rows, 7L)).hasValue(rows.row(7L, 700L));
        tx.commit();
      }
      db.run(tx -> {
        assertThat(tx.get(rows, 7L)).hasValue(rows.row(7L, 700L));
        assertThat(value(tx.read(batches, "b").orElseThrow(), 7)).isEqualTo(700);
        assertThat(value(tx.read(batches, "changed").orElseThrow(), 7)).isEqualTo(-1);
      });
    }
  }

  @Test
  void rows_ofBytes_areIndependentOfArrays() {
    byte[] bytes = {1, 2};
    Row row = Row.of("b", bytes);
    bytes[0] = 9;
    row.get("b", byte[].class)[1] = 9;
    assertThat(row).isEqualTo(Row.of("b", new byte[] {1, 2})).hasToString("(b=0x0102)");
    assertThat(Row.of("l", List.of(new byte[] {1})))
        .isEqualTo(Row.of("l", List.of(new byte[] {1})))
        .hasSameHashCodeAs(Row.of("l", List.of(new byte[] {1})))
        .hasToString("(l=[0x01])");
  }

  @Test
  void everything_afterItsEnd_isRefused() {
    Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
    Table rows = rows(db);
    Transaction committed = db.begin();
    committed.commit();
    assertThatThrownBy(() -> committed.get(rows, 1L))
        .isInstanceOf(TransactionClosedException.class);
    assertThatThrownBy(() -> committed.upsert(rows, rows.row(1L, 1L)))
        .isInstanceOf(TransactionClosedException.class);
    assertThatThrownBy(committed::commit).isInstanceOf(TransactionClosedException.class);
    committed.rollback();
    committed.close();
    Snapshot ended = db.snapshot();
    ended.close();
    ended.close();
    assertThatThrownBy(() -> ended.scan(rows)).isInstanceOf(TransactionClosedException.class);
    Transaction open = db.begin();
    open.upsert(rows, rows.row(1L, 1L));
    Snapshot seeing = db.snapshot();
    ScanResult result = seeing.scan(rows);
    db.close();
    db.close();
    assertThatThrownBy(() -> open.get(rows, 1L)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(open::commit).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> seeing.get(rows, 1L)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(result::rows).isInstanceOf(StoreClosedException.class);
    open.close();
    seeing.close();
    assertThatThrownBy(db::begin).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(db::snapshot).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> db.snapshotAt(0)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> db.transact(tx -> tx)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> db.readOnly(s -> s)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> db.table("rows")).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(db::tables).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> batches(db)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> db.dropTable(rows)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(db::collect).isInstanceOf(StoreClosedException.class);
    assertThat(db.statistics().held().openViews()).isZero();
  }

  @Test
  void transaction_inTwoThreadsAtOnce_isRefusedToTheSecond() throws Exception {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
        ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Table rows = rows(db);
      Transaction tx = db.begin();
      tx.upsert(rows, rows.row(1L, 1L));
      ScanResult result = tx.scan(rows);
      CountDownLatch inside = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      List<Long> slowKeys =
          new AbstractList<>() {
            @Override
            public Long get(int index) {
              inside.countDown();
              try {
                goOn.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return 1L;
            }

            @Override
            public int size() {
              return 1;
            }
          };
      Future<Integer> first = threads.submit(() -> tx.getAll(rows, slowKeys).rowCount());
      inside.await();
      try {
        assertThatThrownBy(() -> tx.get(rows, 1L)).isInstanceOf(ConcurrentUseException.class);
        assertThatThrownBy(() -> tx.upsert(rows, rows.row(2L, 2L)))
            .isInstanceOf(ConcurrentUseException.class);
        assertThatThrownBy(result::rows).isInstanceOf(ConcurrentUseException.class);
        assertThatThrownBy(result.iterator()::next).isInstanceOf(ConcurrentUseException.class);
        assertThatThrownBy(tx::commit).isInstanceOf(ConcurrentUseException.class);
        assertThatThrownBy(tx::close).isInstanceOf(ConcurrentUseException.class);
      } finally {
        goOn.countDown();
      }
      assertThat(first.get()).isEqualTo(1);
      tx.commit();
      Optional<Row> stored = db.readOnly(s -> s.get(rows, 1L));
      assertThat(stored).hasValue(rows.row(1L, 1L));
    }
  }

  @Test
  void memoryLimit_atCommitOrRead_changesNothing() {
    StoreConfig small = StoreConfig.builder().memoryLimitBytes(1 << 20).build();
    try (Khonsu db = Khonsu.inMemory(small, allocator)) {
      Table rows = rows(db);
      Table batches = batches(db);
      fill(db, rows, 0);
      try (Transaction tx = db.begin();
          VectorSchemaRoot tooMuch = Batches.numbers(allocator, 0, 90_000);
          VectorSchemaRoot some = Batches.numbers(allocator, 0, 10_000)) {
        tx.write(batches, "some", some);
        tx.upsert(rows, tooMuch);
        assertThatThrownBy(tx::commit)
            .isInstanceOfSatisfying(
                UnavailableException.class,
                e -> assertThat(e.retry()).isEqualTo(StoreException.Retry.SAME_CALL_LATER))
            .hasMessageContaining("memoryLimitBytes");
        assertThatThrownBy(tx::commit).isInstanceOf(TransactionClosedException.class);
      }
      db.run(tx -> {
        assertThat(tx.names(batches)).isEmpty();
        assertThat(tx.scan(rows).rowCount()).isEqualTo(ROWS);
        tx.upsert(rows, rows.row(-1L, -1L));
      });
      try (Snapshot snapshot = db.snapshot()) {
        List<Long> keys = LongStream.range(0, ROWS).boxed().toList().reversed();
        assertThatThrownBy(
                () -> {
                  while (true) {
                    var _ = snapshot.getAll(rows, keys);
                  }
                })
            .isInstanceOf(UnavailableException.class);
        assertThat(snapshot.get(rows, -1L)).isPresent();
      }
      assertThat(db.<Integer, RuntimeException>readOnly(s -> s.scan(rows).toBatch().rowCount()))
          .isEqualTo(ROWS + 1);
    }
  }

  @Test
  void limits_whenAppendingGrowsABatch_changeNothing() {
    for (boolean byMemory : new boolean[] {true, false}) {
      StoreConfig config =
          byMemory
              ? StoreConfig.builder().memoryLimitBytes(1 << 20).build()
              : StoreConfig.builder().transactionSizeMaxBytes(400_000).build();
      try (Khonsu db = Khonsu.inMemory(config, allocator);
          VectorSchemaRoot root = Batches.numbers(allocator, 0, 20_000)) {
        Table batches = batches(db);
        TransactionOptions append =
            TransactionOptions.snapshot().onConflict(ConflictStrategy.APPEND);
        try (Transaction loser = db.begin(append)) {
          loser.write(batches, "b", root);
          db.run(tx -> tx.write(batches, "b", root));
          assertThatThrownBy(loser::commit)
              .isInstanceOf(byMemory ? UnavailableException.class : LimitExceededException.class);
        }
        db.run(tx -> {
          assertThat(tx.read(batches, "b").orElseThrow().rowCount()).isEqualTo(20_000);
          tx.delete(batches, "b");
        });
        db.collect();
        assertThat(db.statistics().held().memoryBytes()).isZero();
      }
    }
  }
}
