package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.spi.StorageFullException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Stores that are larger than their memory budget, and what can go wrong with them. */
@Timeout(120)
class SpillingTest {
  private static final long BUDGET = 2 << 20;

  /** Five times the budget, with a payload of 1 000 bytes each. */
  private static final int ROWS = 10_500;

  /** What a commit of a hundred rows takes. */
  private static final long COMMIT_BYTES = 128 << 10;

  @TempDir private Path root;
  private SpillingPlace place;

  @BeforeEach
  void setUp() {
    place = new SpillingPlace(root.resolve("store"));
  }

  @AfterEach
  void checkLeaks() {
    place.close();
  }

  private static long sumByColumns(ReadView view, Table table) {
    long sum = 0;
    for (RecordBatch batch : view.scan(table)) {
      BigIntVector values = (BigIntVector) batch.vector("value");
      for (int i = 0; i < batch.rowCount(); i++) {
        sum += values.get(i);
      }
      batch.close();
    }
    return sum;
  }

  private static long sum(Khonsu db, Table table) {
    try (Snapshot snapshot = db.snapshot()) {
      return sumByColumns(snapshot, table);
    }
  }

  private static Row row(Khonsu db, Table table, long id) {
    try (Snapshot snapshot = db.snapshot()) {
      return snapshot.get(table, id).orElseThrow();
    }
  }

  private static long sumOfIds(long count) {
    return LongStream.range(0, count).sum();
  }

  private static StoreStatistics.Spilling spilling(Khonsu db) {
    return db.statistics().spilling();
  }

  @Test
  void table_ofFiveBudgets_isLoadedScannedAndUpdated() {
    StoreConfig config = SpillingPlace.budget(BUDGET).build();
    long sum;
    try (Khonsu db = place.open(config)) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, ROWS);
      assertThat(place.takePeakBytes()).isLessThanOrEqualTo(BUDGET + COMMIT_BYTES);
      assertThat(spilling(db).coldBytes()).isGreaterThan(3 * BUDGET);
      assertThat(sum(db, table)).isEqualTo(sumOfIds(ROWS));
      assertThat(spilling(db).broughtBack()).isPositive();
      transfer(db, table);
      sum = sum(db, table);
      assertThat(sum).isEqualTo(sumOfIds(ROWS));
      // The budget, four commits under way, a batch that a scan copies.
      assertThat(place.takePeakBytes()).isLessThan(BUDGET + 4 * COMMIT_BYTES + (5 << 20));
      assertThat(spilling(db).residentBytes()).isLessThanOrEqualTo(BUDGET + 4 * COMMIT_BYTES);
    }
    try (Khonsu db = place.open(config)) {
      assertThat(place.takePeakBytes()).isLessThanOrEqualTo(BUDGET + (512 << 10));
      Table table = db.table("rows").orElseThrow();
      assertThat(sum(db, table)).isEqualTo(sum);
      for (long id = 0; id < ROWS; id += 97) {
        assertThat(row(db, table, id).getString("payload")).isEqualTo(SpillingPlace.payload(id));
      }
    }
  }

  /** Moves values between random rows; the sum stays. */
  private static void transfer(Khonsu db, Table table) {
    Threads.run(
        4,
        number -> {
          SplittableRandom random = new SplittableRandom(number);
          for (int i = 0; i < 150; i++) {
            long from = random.nextInt(ROWS);
            long to = (from + 1 + random.nextInt(ROWS - 1)) % ROWS;
            db.run(tx -> {
              long taken = tx.get(table, from).orElseThrow().getLong("value");
              long given = tx.get(table, to).orElseThrow().getLong("value");
              tx.update(table, SpillingPlace.row(table, from, taken - 1));
              tx.update(table, SpillingPlace.row(table, to, given + 1));
            });
          }
        });
  }

  @Test
  void everyWayOfReading_findsWhatIsCold() {
    StoreConfig config = SpillingPlace.budget(BUDGET).build();
    try (Khonsu db = place.open(config)) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, ROWS);
      List<Long> few = List.of(3L, 4_001L, 9_999L, 17L);
      try (Snapshot snapshot = db.snapshot()) {
        Scan small = Scan.all().where(RowFilter.column("value").lessThan(50L));
        assertThat(snapshot.scan(table, small).rows()).hasSize(50);
        assertThat(snapshot.getAll(table, few).rowCount()).isEqualTo(4);
        assertThat(snapshot.scan(table).toBatch().rowCount()).isEqualTo(ROWS);
      }
      try (Transaction tx = db.begin(TransactionOptions.of(IsolationLevel.READ_COMMITTED))) {
        ScanResult found = tx.scan(table);
        SpillingPlace.load(db, table, ROWS, ROWS + 3_000);
        db.run(other -> other.delete(table, 5L));
        db.collect();
        long sum = 0;
        for (RecordBatch batch : found) {
          for (int i = 0; i < batch.rowCount(); i++) {
            sum += ((BigIntVector) batch.vector("value")).get(i);
          }
          batch.close();
        }
        assertThat(sum).isEqualTo(sumOfIds(ROWS));
      }
    }
  }

  @Test
  void past_andItsDiffs_areSeenInColdBatches() {
    StoreConfig config = SpillingPlace.budget(BUDGET).retention(Duration.ofHours(1)).build();
    try (Khonsu db = place.open(config)) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, 3_000);
      long before = db.newestVersion();
      for (long id = 0; id < 3_000; id += 3) {
        long changed = id;
        db.run(tx -> tx.update(table, SpillingPlace.row(table, changed, -1)));
      }
      SpillingPlace.load(db, table, 3_000, 6_000);
      assertThat(spilling(db).coldBatches()).isPositive();
      try (Snapshot past = db.snapshotAt(before)) {
        assertThat(sumByColumns(past, table)).isEqualTo(sumOfIds(3_000));
      }
      long changes = 0;
      try (TableDiff diff = db.diff(table, before, db.newestVersion())) {
        for (RecordBatch batch : diff) {
          changes += batch.rowCount();
          batch.close();
        }
      }
      assertThat(changes).isEqualTo(1_000 + 3_000);
    }
  }

  @Test
  void coldBatches_thatAreMostlyGarbage_areCompacted() {
    try (Khonsu db = place.open(SpillingPlace.budget(BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, 6_000);
      for (long id = 0; id < 6_000; id++) {
        long changed = id;
        if (id % 3 > 0) {
          db.run(tx -> tx.update(table, SpillingPlace.row(table, changed, changed + 1)));
        }
      }
      db.compact();
      db.collect();
      assertThat(db.statistics().compaction().rowsMoved()).isGreaterThan(5_000);
      assertThat(spilling(db).coldBytes()).isBetween(BUDGET, 6L << 20);
      assertThat(sum(db, table)).isEqualTo(sumOfIds(6_000) + 4_000);
    }
  }

  @Test
  void droppedTable_leavesNothingBehind() {
    try (Khonsu db = place.open(SpillingPlace.budget(BUDGET).build())) {
      Table kept = SpillingPlace.table(db, "kept");
      Table dropped = SpillingPlace.table(db, "dropped");
      SpillingPlace.load(db, kept, 0, 100);
      SpillingPlace.load(db, dropped, 0, 5_000);
      db.dropTable(dropped);
      db.collect();
      assertThat(spilling(db).coldBatches()).isLessThanOrEqualTo(1);
      assertThat(spilling(db).residentBytes()).isLessThan(2 * COMMIT_BYTES);
      assertThat(sum(db, kept)).isEqualTo(sumOfIds(100));
    }
  }

  @Test
  void merges_findWhatIsCold() {
    try (Khonsu db = place.open(SpillingPlace.budget(BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      Table lists = Items.batches(db, "lists");
      long[] numbers = LongStream.range(0, 1_000).toArray();
      try (BufferAllocator outside = new RootAllocator()) {
        db.run(tx -> Items.write(tx, lists, "list", outside, numbers));
        SpillingPlace.load(db, table, 0, 6_000);
        assertThat(spilling(db).coldBatches()).isPositive();
        db.run(tx -> tx.merge(table, Merges.add("value", 5), 7L));
        db.run(
            TransactionOptions.serializable().onConflict(ConflictStrategy.APPEND),
            tx -> Items.write(tx, lists, "list", outside, 1_000));
      }
      assertThat(row(db, table, 7).getLong("value")).isEqualTo(12);
      try (Snapshot snapshot = db.snapshot()) {
        assertThat(Items.numbers(snapshot, lists, "list")).hasSize(1_001);
      }
    }
  }

  @Test
  void retainedResult_staysValidWhenItsBatchIsSpilled() {
    try (Khonsu db = place.open(SpillingPlace.budget(BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, 100);
      try (RecordBatch kept = firstBatch(db, table)) {
        SpillingPlace.load(db, table, 100, 6_000);
        assertThat(spilling(db).coldBatches()).isPositive();
        BigIntVector values = (BigIntVector) kept.vector("value");
        for (int i = 0; i < 100; i++) {
          assertThat(values.get(i)).isEqualTo(i);
          assertThat(kept.vector("payload").getObject(i)).hasToString(SpillingPlace.payload(i));
        }
      }
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // the caller owns it
  private static RecordBatch firstBatch(Khonsu db, Table table) {
    try (Snapshot snapshot = db.snapshot()) {
      return snapshot.scan(table).iterator().next().retain();
    }
  }

  @Test
  void fullDisk_keepsBatchesInMemoryUpToTheLimit() {
    StoreConfig config = SpillingPlace.budget(BUDGET).memoryLimitBytes(3 * BUDGET).build();
    place.engine().failWrites(new StorageFullException("planned: the disk is full"));
    try (Khonsu db = place.open(config)) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, 5_000);
      assertThat(spilling(db).residentBytes()).isGreaterThan(2 * BUDGET);
      assertThatThrownBy(() -> SpillingPlace.load(db, table, 5_000, 8_000))
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("memoryLimitBytes");
      place.engine().failWrites(null);
      long loaded = db.statistics().held().items() - 1; // the table is one, too
      SpillingPlace.load(db, table, loaded, 8_000);
      assertThat(spilling(db).residentBytes()).isLessThanOrEqualTo(BUDGET + COMMIT_BYTES);
      assertThat(sum(db, table)).isEqualTo(sumOfIds(8_000));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ScratchFaults.Reads.class,
      names = {"FAILING", "FLIPPED", "LOST"})
  void coldBatch_thatCannotBeRead_losesNothing(ScratchFaults.Reads fault) {
    StoreConfig config = SpillingPlace.budget(BUDGET).build();
    try (Khonsu db = place.open(config)) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, ROWS);
      place.engine().reads(fault);
      try (Transaction tx = db.begin()) {
        assertThatThrownBy(() -> tx.get(table, 0L))
            .isInstanceOf(StorageException.class)
            .hasMessageContainingAll("nothing is lost", "open it again");
        assertThatThrownBy(() -> sumByColumns(tx, table)).isInstanceOf(StorageException.class);
        assertThat(tx.get(table, ROWS - 1L)).isPresent();
        tx.update(table, SpillingPlace.row(table, ROWS - 1, ROWS - 1));
        var _ = tx.commit();
      }
      place.engine().reads(ScratchFaults.Reads.RIGHT);
      assertThat(row(db, table, 0).getLong("value")).isZero();
      place.engine().reads(fault);
    }
    place.engine().reads(ScratchFaults.Reads.RIGHT);
    try (Khonsu db = place.open(config)) {
      Table table = db.table("rows").orElseThrow();
      assertThat(sum(db, table)).isEqualTo(sumOfIds(ROWS));
    }
  }

  @Test
  void callsOfTheScratchStore_failing_loseNothing() {
    int count = 4_000;
    StoreConfig config = SpillingPlace.budget(BUDGET).build();
    int failed = 0;
    for (int call : new int[] {1, 2, 3, 9, 15, 20, 22, 24, 26, 28, 32}) {
      SpillingPlace mine = new SpillingPlace(root.resolve("call-" + call));
      mine.engine().failCall(call);
      long calls;
      try (Khonsu db = mine.open(config)) {
        Table table = SpillingPlace.table(db, "rows");
        SpillingPlace.load(db, table, 0, count);
        failed += readUnlessPlanned(db, table, count) ? 0 : 1;
        assertThat(sum(db, table)).isEqualTo(sumOfIds(count));
        calls = mine.engine().calls();
      }
      assertThat(calls).isGreaterThan(20);
      try (Khonsu db = mine.open(config)) {
        Table table = db.table("rows").orElseThrow();
        assertThat(sum(db, table)).isEqualTo(sumOfIds(count));
      }
      mine.close();
    }
    assertThat(failed).isBetween(1, 9); // reads failed, and writes
  }

  /** {@return whether no read failed, which one may} */
  private static boolean readUnlessPlanned(Khonsu db, Table table, int count) {
    try {
      assertThat(sum(db, table)).isEqualTo(sumOfIds(count));
      return true;
    } catch (StorageException e) {
      assertThat(e).hasRootCauseMessage(String.valueOf(rootMessage(e)));
      assertThat(rootMessage(e)).startsWith("planned failure");
      return false;
    }
  }

  private static String rootMessage(Throwable e) {
    return e.getCause() == null ? String.valueOf(e.getMessage()) : rootMessage(e.getCause());
  }

  @Test
  @SuppressWarnings("try") // closing twice is what is tested
  void close_whileABatchComesBack_waitsForIt() throws InterruptedException {
    try (Khonsu db = place.open(SpillingPlace.budget(BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, 4_000);
      ScratchFaults.Gate gate = place.engine().holdUp();
      try (Threads.Running reader =
          Threads.start(
              1,
              _ -> {
                try (Snapshot snapshot = db.snapshot()) {
                  assertThat(snapshot.get(table, 0L).orElseThrow().getLong("value")).isZero();
                }
              })) {
        gate.reached.await();
        try (Threads.Running closer = Threads.start(1, _ -> db.close())) {
          Threads.awaitUntil(() -> isClosing(db));
          assertThat(closer.isAnyAlive()).isTrue();
          gate.open.countDown();
          closer.join();
        }
        reader.join();
      }
    }
  }

  private static boolean isClosing(Khonsu db) {
    try {
      return db.tables().isEmpty();
    } catch (StoreClosedException _) {
      return true;
    }
  }

  @Test
  void storeWithoutDisk_spillsNothing() {
    try (Khonsu db = Khonsu.inMemory(SpillingPlace.budget(BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, 4_000);
      assertThat(spilling(db)).isEqualTo(StoreStatistics.Spilling.NONE);
    }
  }
}
