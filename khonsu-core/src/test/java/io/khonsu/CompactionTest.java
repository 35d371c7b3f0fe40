package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.arrow.memory.AllocationListener;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Small batches put together into large ones, and that nobody can tell by what is read. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class CompactionTest {
  /** Enough for a batch outside the heap. */
  private static final int ROWS = 3_000;

  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  private static StoreConfig.Builder onDemand() {
    return StoreConfig.builder().compactionRowsPerSecond(0);
  }

  private Khonsu inMemory() {
    return Khonsu.inMemory(onDemand().build(), allocator);
  }

  private Khonsu open(ScriptedStorage storage) {
    return Khonsu.open(onDemand().build(), storage, allocator, InstantSource.system());
  }

  private static String id(int number) {
    return "k%06d".formatted(number);
  }

  /** A transaction for each row, in an order that is not that of the keys. */
  private static void putSingly(Khonsu db, Table table, int rows) {
    for (int i = 0; i < rows; i++) {
      int number = i * 7 % rows;
      Items.put(db, table, id(number), number);
    }
  }

  private static SortedMap<String, Long> expected(int rows) {
    SortedMap<String, Long> expected = new TreeMap<>();
    for (int i = 0; i < rows; i++) {
      expected.put(id(i), (long) i);
    }
    return expected;
  }

  private static int batchCount(ReadView view, Table table) {
    int batches = 0;
    for (RecordBatch batch : view.scan(table)) {
      assertThat(batch.rowCount()).isPositive();
      batches++;
    }
    return batches;
  }

  private static long rowsMoved(Khonsu db) {
    return db.statistics().compaction().rowsMoved();
  }

  @Test
  void compact_ofClosedStore_isRefused() {
    Khonsu db = inMemory();
    db.close();
    assertThatThrownBy(db::compact).isInstanceOf(StoreClosedException.class);
  }

  @Test
  void compact_withNothingToDo_doesNothing() {
    try (Khonsu db = inMemory()) {
      db.compact();
      Table rows = Items.rows(db, "rows");
      db.compact();
      Table batches = Items.batches(db, "batches");
      for (int i = 0; i < 50; i++) {
        String name = "b" + i;
        db.run(tx -> Items.write(tx, batches, name, allocator, 1, 2, 3));
      }
      Items.put(db, rows, "only", 1);
      db.compact();
      assertThat(db.statistics().compaction())
          .isEqualTo(new StoreStatistics.Compaction(0, 0, 0, 0, 0, 0));
      assertThat(db.<List<Long>, RuntimeException>readOnly(s -> Items.numbers(s, batches, "b7")))
          .containsExactly(1L, 2L, 3L);
    }
  }

  @Test
  void rowsWrittenSingly_compacted_areOneBatch_andTheSame() {
    try (Khonsu db = inMemory()) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, ROWS);
      StoreStatistics before = db.statistics();
      long newest = db.newestVersion();
      db.compact();
      StoreStatistics.Compaction done = db.statistics().compaction();
      assertThat(done.rowsMoved()).isEqualTo(ROWS);
      assertThat(done.batchesWritten()).isEqualTo(1);
      assertThat(done.batchesFreed()).isEqualTo(ROWS);
      assertThat(done.bytesFreed()).isGreaterThan(done.bytesWritten());
      assertThat(done.failures()).isZero();
      assertThat(db.newestVersion()).isEqualTo(newest);
      assertThat(db.statistics().commits()).isEqualTo(before.commits());
      assertThat(db.statistics().held().versions()).isEqualTo(before.held().versions());
      assertThat(db.statistics().held().openViews()).isZero();
      assertThat(Items.state(db, table)).isEqualTo(expected(ROWS));
      db.readOnly(snapshot -> {
        assertThat(batchCount(snapshot, table)).isEqualTo(1);
        assertThat(Items.value(snapshot, table, id(77))).isEqualTo(77);
        assertThat(snapshot.scan(table, KeyRange.closedOpen(id(5), id(9))).rowCount()).isEqualTo(4);
        return table;
      });
      db.compact();
      assertThat(db.statistics().compaction()).isEqualTo(done);
    }
  }

  @Test
  void rowsChangedHereAndThere_compacted_lieTogetherAgain() {
    try (Khonsu db = inMemory()) {
      Table table = Items.rows(db, "items");
      SortedMap<String, Long> expected = expected(100_000);
      db.run(tx -> expected.forEach((id, value) -> tx.insert(table, table.row(id, value))));
      for (int i = 0; i < 100_000; i += 250) {
        Items.put(db, table, id(i), -i);
        expected.put(id(i), (long) -i);
      }
      for (int i = 3; i < 100_000; i += 10_000) {
        String id = id(i);
        db.run(tx -> tx.delete(table, id));
        expected.remove(id);
      }
      db.compact();
      assertThat(Items.state(db, table)).isEqualTo(expected);
      assertThat(rowsMoved(db)).isPositive();
      assertThat(db.<Integer, RuntimeException>readOnly(s -> batchCount(s, table))).isLessThan(20);
      long moved = rowsMoved(db);
      db.compact();
      assertThat(rowsMoved(db)).isEqualTo(moved);
    }
  }

  @Test
  void batchThatIsGarbageForTheMostPart_givesItsMemoryBack() {
    try (Khonsu db = inMemory()) {
      Table table = Items.rows(db, "items");
      SortedMap<String, Long> all = expected(50_000);
      db.run(tx -> all.forEach((id, value) -> tx.insert(table, table.row(id, value))));
      long loaded = db.statistics().held().memoryBytes();
      db.run(tx -> all.headMap(id(48_000)).keySet().forEach(id -> tx.delete(table, id)));
      db.collect();
      assertThat(db.statistics().held().memoryBytes()).isEqualTo(loaded);
      db.compact();
      assertThat(db.statistics().held().memoryBytes()).isLessThan(loaded / 10);
      assertThat(db.statistics().compaction().bytesFreed()).isGreaterThan(loaded / 2);
      assertThat(Items.state(db, table)).isEqualTo(all.tailMap(id(48_000)));
    }
  }

  @Test
  void rowsOfManyBytes_areNotPutTogetherWithoutEnd() {
    try (Khonsu db = inMemory()) {
      Table table = db.createTable(TableSpec.rows("wide", Batches.ACCOUNTS).primaryKey("id"));
      Table names = db.createTable(TableSpec.rows("names", Items.ROW).primaryKey("id"));
      int wide = 600;
      for (int i = 0; i < 40; i++) {
        String id = id(i) + "x".repeat(wide);
        db.run(tx -> tx.upsert(table, table.row(id, null)));
      }
      putSingly(db, names, 100);
      db.compact();
      assertThat(rowsMoved(db)).isEqualTo(140);
      assertThat(db.<Long, RuntimeException>readOnly(s -> s.scan(table).rowCount())).isEqualTo(40);
      assertThat(Items.state(db, names)).isEqualTo(expected(100));
    }
  }

  @Test
  void snapshots_fromBeforeAndAfter_readTheSameBytes() {
    try (Khonsu db = inMemory()) {
      Table table = Items.rows(db, "items");
      db.run(tx -> expected(ROWS).forEach((id, value) -> tx.insert(table, table.row(id, value))));
      for (int i = 0; i < ROWS; i += 2) {
        Items.put(db, table, id(i), -i);
      }
      SortedMap<String, Long> state = Items.state(db, table);
      long used;
      try (Snapshot before = db.snapshot()) {
        ScanResult found = before.scan(table);
        RecordBatch first = found.iterator().next();
        db.compact();
        used = db.statistics().held().memoryBytes();
        assertThat(first.rowCount()).isPositive();
        assertThat(Batches.values(found)).isEqualTo(values(state));
        assertThat(Items.state(before, table)).isEqualTo(state);
        Items.put(db, table, id(0), 12_345);
        try (Snapshot after = db.snapshot()) {
          assertThat(Items.value(after, table, id(0))).isEqualTo(12_345);
          assertThat(Items.state(after, table).tailMap(id(1))).isEqualTo(state.tailMap(id(1)));
        }
        db.compact();
        assertThat(Batches.values(found)).isEqualTo(values(state));
        assertThat(Items.state(before, table)).isEqualTo(state);
      }
      db.collect();
      assertThat(db.statistics().held().memoryBytes()).isLessThan(used);
    }
  }

  private static List<List<Object>> values(SortedMap<String, Long> state) {
    List<List<Object>> values = new ArrayList<>();
    state.forEach((id, value) -> values.add(List.of(id, value)));
    return values;
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // handed on to a try block
  void retainedBatches_outliveTheirCompaction() {
    try (Khonsu db = inMemory()) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, ROWS);
      db.compact();
      RecordBatch kept;
      try (Snapshot snapshot = db.snapshot()) {
        kept = snapshot.scan(table).iterator().next().retain();
      }
      try (kept) {
        putSingly(db, table, ROWS);
        db.compact();
        db.dropTable(table);
        db.collect();
        assertThat(Batches.values(kept)).isEqualTo(values(expected(ROWS)));
      }
      assertThat(db.statistics().held().memoryBytes()).isZero();
    }
  }

  @Test
  void history_withinTheRetention_isSeenAsItWas() {
    StoreConfig config = onDemand().retention(Duration.ofHours(1)).build();
    try (Khonsu db = Khonsu.inMemory(config, allocator)) {
      Table table = Items.rows(db, "items");
      List<Long> versions = new ArrayList<>();
      List<SortedMap<String, Long>> states = new ArrayList<>();
      for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 200; i += round + 1) {
          versions.add(Items.put(db, table, id(i), 1_000L * round + i).version());
          states.add(Items.state(db, table));
        }
        db.compact();
      }
      for (int i = 0; i < versions.size(); i++) {
        try (Snapshot past = db.snapshotAt(versions.get(i))) {
          assertThat(Items.state(past, table)).isEqualTo(states.get(i));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(IsolationLevel.class)
  void openTransactions_doNotNoticeCompaction_andStillNoticeEachOther(IsolationLevel level) {
    try (Khonsu db = inMemory()) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, 500);
      TransactionOptions options = TransactionOptions.of(level);
      try (Transaction winner = db.begin(options);
          Transaction loser = db.begin(options)) {
        for (Transaction tx : List.of(winner, loser)) {
          assertThat(Items.state(tx, table)).isEqualTo(expected(500));
          tx.upsert(table, table.row(id(9), Items.value(tx, table, id(9)) + 1));
        }
        db.compact();
        assertThat(rowsMoved(db)).isEqualTo(500);
        assertThat(Items.value(winner, table, id(8))).isEqualTo(8);
        winner.commit();
        db.compact();
        assertThatThrownBy(loser::commit).isInstanceOf(TransactionConflictException.class);
      }
      assertThat(db.<Long, RuntimeException>readOnly(s -> Items.value(s, table, id(9))))
          .isEqualTo(10);
    }
  }

  @Test
  void allocationThatFails_losesNothing_andTheNextSucceeds() {
    AtomicBoolean isOut = new AtomicBoolean();
    AllocationListener listener =
        new AllocationListener() {
          @Override
          public void onPreAllocation(long size) {
            if (isOut.get()) {
              throw new OutOfMemoryException("no memory, says the test");
            }
          }
        };
    try (BufferAllocator failing = new RootAllocator(listener, Long.MAX_VALUE);
        Khonsu db = Khonsu.inMemory(onDemand().build(), failing)) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, ROWS);
      isOut.set(true);
      assertThatThrownBy(db::compact).isInstanceOf(UnavailableException.class);
      assertThat(db.statistics().compaction())
          .isEqualTo(new StoreStatistics.Compaction(0, 0, 0, 0, 0, 1));
      assertThat(db.statistics().held().memoryBytes()).isZero();
      isOut.set(false);
      assertThat(Items.state(db, table)).isEqualTo(expected(ROWS));
      db.compact();
      assertThat(Items.state(db, table)).isEqualTo(expected(ROWS));
      assertThat(rowsMoved(db)).isEqualTo(ROWS);
    }
  }

  @Test
  void memoryLimit_isLeftForOthersByHalf() {
    long limit = 64 << 10;
    StoreConfig config = onDemand().memoryLimitBytes(limit).build();
    try (Khonsu db = Khonsu.inMemory(config, allocator)) {
      Table table = Items.rows(db, "items");
      Table other = Items.rows(db, "other");
      putSingly(db, table, ROWS);
      assertThatThrownBy(db::compact)
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("memoryLimitBytes");
      assertThat(db.statistics().held().memoryBytes()).isLessThanOrEqualTo(limit / 2);
      db.run(tx -> expected(500).forEach((id, value) -> tx.insert(other, other.row(id, value))));
      assertThat(Items.state(db, table)).isEqualTo(expected(ROWS));
      assertThat(Items.state(db, other)).isEqualTo(expected(500));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void pendingCommit_isNeitherMovedNorCovered(boolean isRefused) {
    ScriptedStorage storage = new ScriptedStorage();
    SortedMap<String, Long> expected = expected(ROWS);
    try (Khonsu db = open(storage)) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, ROWS);
      List<Integer> groups = storage.groupSizes();
      var gate = new ScriptedStorage.Gate();
      storage.script((call, _) -> {
        gate.pass();
        if (isRefused) {
          throw new IOException("disk full");
        }
      });
      try (var committing =
          Threads.start(
              1,
              _ -> {
                try {
                  db.run(tx -> {
                    tx.upsert(table, table.row(id(5), -5L));
                    tx.delete(table, id(6));
                    tx.insert(table, table.row("new", 1L));
                  });
                  assertThat(isRefused).isFalse();
                } catch (StorageRejectedException _) {
                  assertThat(isRefused).isTrue();
                }
              })) {
        try {
          gate.awaitReached();
          db.compact();
          assertThat(rowsMoved(db)).isGreaterThanOrEqualTo(ROWS - 2);
          assertThat(Items.state(db, table)).isEqualTo(expected);
        } finally {
          gate.open();
        }
        committing.join();
      }
      if (!isRefused) {
        expected.put(id(5), -5L);
        expected.remove(id(6));
        expected.put("new", 1L);
      }
      assertThat(Items.state(db, table)).isEqualTo(expected);
      db.compact();
      assertThat(Items.state(db, table)).isEqualTo(expected);
      assertThat(storage.groupSizes()).hasSize(groups.size() + 1);
    }
    try (Khonsu again = open(new ScriptedStorage(storage.kept()))) {
      Table table = again.table("items").orElseThrow();
      assertThat(Items.state(again, table)).isEqualTo(expected);
      again.compact();
      assertThat(Items.state(again, table)).isEqualTo(expected);
    }
  }

  @Test
  void commitOfARowThatHasMoved_isStoredWithItsOwnRowsOnly() {
    InMemoryStorage kept = new InMemoryStorage();
    SortedMap<String, Long> expected = expected(200);
    try (Khonsu db = open(new ScriptedStorage(kept))) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, 200);
      db.compact();
      db.run(tx -> tx.upsert(table, table.row(id(3), tx.get(table, id(4)).get().getLong("value"))));
      expected.put(id(3), 4L);
      assertThat(Items.state(db, table)).isEqualTo(expected);
    }
    try (Khonsu db = open(new ScriptedStorage(kept))) {
      assertThat(Items.state(db, db.table("items").orElseThrow())).isEqualTo(expected);
    }
  }

  @Test
  void droppedTable_isLeftAlone_andPurgedAfterwards() {
    try (Khonsu db = inMemory()) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, ROWS);
      try (Snapshot open = db.snapshot()) {
        db.dropTable(table);
        db.compact();
        assertThat(rowsMoved(db)).isZero();
        assertThatThrownBy(() -> open.scan(table)).isInstanceOf(TableDroppedException.class);
      }
      db.collect();
      assertThat(db.statistics().held().items()).isZero();
    }
  }

  @Test
  void background_movesRowsByItself() {
    StoreConfig config = StoreConfig.builder().compactionRowsPerSecond(1_000_000).build();
    try (Khonsu db = Khonsu.inMemory(config, allocator)) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, ROWS);
      Threads.awaitUntil(() -> db.statistics().compaction().batchesFreed() >= ROWS);
      assertThat(Items.state(db, table)).isEqualTo(expected(ROWS));
      assertThat(db.<Integer, RuntimeException>readOnly(s -> batchCount(s, table))).isEqualTo(1);
    }
  }

  @Test
  void background_outOfMemory_goesOnWhenThereIsSome() {
    AtomicBoolean isOut = new AtomicBoolean(true);
    AllocationListener listener =
        new AllocationListener() {
          @Override
          public void onPreAllocation(long size) {
            if (isOut.get()) {
              throw new OutOfMemoryException("no memory, says the test");
            }
          }
        };
    try (BufferAllocator failing = new RootAllocator(listener, Long.MAX_VALUE);
        Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), failing)) {
      Table table = Items.rows(db, "items");
      putSingly(db, table, ROWS);
      Threads.awaitUntil(() -> db.statistics().compaction().failures() >= 2);
      assertThat(rowsMoved(db)).isZero();
      isOut.set(false);
      Threads.awaitUntil(() -> rowsMoved(db) >= ROWS);
      assertThat(Items.state(db, table)).isEqualTo(expected(ROWS));
    }
  }

  @Test
  void bulkLoads_areNotTouched() {
    try (Khonsu db = inMemory();
        VectorSchemaRoot root = Batches.numbers(allocator, 0, 20_000)) {
      Table table = db.createTable(TableSpec.rows("rows", Batches.NUMBERS).primaryKey("id"));
      db.run(tx -> tx.upsert(table, root));
      db.compact();
      assertThat(rowsMoved(db)).isZero();
    }
  }
}
