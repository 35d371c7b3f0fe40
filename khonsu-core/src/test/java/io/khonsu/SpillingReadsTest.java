package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What reading costs in a store whose memory is full: a batch is read once, not for each row. */
@Timeout(120)
class SpillingReadsTest {
  private static final long BUDGET = 2 << 20;
  private static final int ROWS = 8_000;
  private static final Scan SMALL = Scan.all().where(RowFilter.column("value").lessThan(10L));

  @TempDir private Path root;
  private SpillingPlace place;
  private Khonsu db;
  private Table table;

  @BeforeEach
  void setUp() {
    place = new SpillingPlace(root.resolve("store"));
    db = place.open(SpillingPlace.budget(BUDGET).retention(Duration.ofHours(1)).build());
    table = SpillingPlace.table(db, "rows");
    SpillingPlace.load(db, table, 0, ROWS);
  }

  @AfterEach
  void close() {
    db.close();
    place.close();
  }

  /** Checks that something reads each cold batch at most once, and some other batches. */
  private void checkReads(int others, LongSupplier reading, long expected) {
    System.gc(); // what was read before, and found no room, goes
    long cold = db.statistics().spilling().coldBatches();
    long before = db.statistics().spilling().broughtBack();
    assertThat(reading.getAsLong()).isEqualTo(expected);
    long read = db.statistics().spilling().broughtBack() - before;
    long batches = cold + others;
    assertThat(read).isBetween(cold / 2, batches);
  }

  /** {@return how many batches fit into the budget, which may leave while others come} */
  private static int resident() {
    return (int) (BUDGET / (100 * SpillingPlace.PAYLOAD_BYTES)) + 1;
  }

  @Test
  void filter_besideOwnWrites_readsEachBatchOnce() {
    try (Transaction tx = db.begin()) {
      tx.update(table, SpillingPlace.row(table, ROWS - 1, -1));
      checkReads(resident(), () -> tx.scan(table, SMALL).rowCount(), 11);
    }
  }

  @Test
  void rowsOfManyKeys_readEachBatchOnce() {
    try (Snapshot snapshot = db.snapshot()) {
      checkReads(resident(), () -> snapshot.getAll(table, keys()).rowCount(), ROWS);
    }
  }

  @Test
  void diff_readsEachBatchOnce() {
    long before = db.newestVersion();
    db.run(tx -> tx.deleteAll(table, keys()));
    checkReads(
        resident(),
        () -> {
          long rows = 0;
          try (TableDiff diff = db.diff(table, before, db.newestVersion())) {
            for (RecordBatch batch : diff) {
              rows += batch.rowCount();
              batch.close();
            }
          }
          return rows;
        },
        ROWS);
  }

  private static List<Object> keys() {
    List<Object> keys = new ArrayList<>();
    for (long id = 0; id < ROWS; id++) {
      keys.add(id);
    }
    return keys;
  }

  /** Rows that were changed lie in batches of their own, so that a scan goes to and fro. */
  @Test
  void filter_overRowsFromTwoBatchesInTurn_readsEachBatchOnce() {
    db.run(tx -> {
      for (long id = 0; id < ROWS; id += 2) {
        tx.update(table, SpillingPlace.row(table, id, id));
      }
    });
    SpillingPlace.load(db, table, ROWS, ROWS + 2_500); // these are what is in memory then
    try (Snapshot snapshot = db.snapshot()) {
      checkReads(2 * resident(), () -> snapshot.scan(table, SMALL).rowCount(), 10);
      checkReads(2 * resident(), () -> snapshot.scan(table).rows().size(), ROWS + 2_500);
    }
  }

  /** What cannot be read is asked for again; it is not taken for the end. */
  @Test
  void diff_afterAReadThatFailed_goesOn() {
    long from = db.newestVersion();
    SpillingPlace.load(db, table, ROWS, 2 * ROWS);
    try (TableDiff diff = db.diff(table, from, db.newestVersion())) {
      Iterator<RecordBatch> batches = diff.iterator();
      place.engine().reads(ScratchFaults.Reads.FAILING);
      assertThatThrownBy(batches::hasNext).isInstanceOf(StorageException.class);
      place.engine().reads(ScratchFaults.Reads.RIGHT);
      long rows = 0;
      while (batches.hasNext()) {
        try (RecordBatch batch = batches.next()) {
          rows += batch.rowCount();
        }
      }
      assertThat(rows).isEqualTo(ROWS);
    }
  }

  @Test
  void merge_intoWhatCannotBeRead_saysSo_andChangesNothing() {
    place.engine().reads(ScratchFaults.Reads.FAILING);
    try (Transaction tx = db.begin()) {
      tx.merge(table, Merges.add("value", 5), 7L);
      assertThatThrownBy(tx::commit).isInstanceOf(StorageException.class);
    }
    place.engine().reads(ScratchFaults.Reads.RIGHT);
    db.run(tx -> tx.merge(table, Merges.add("value", 5), 7L));
    try (Snapshot snapshot = db.snapshot()) {
      assertThat(snapshot.get(table, 7L).orElseThrow().getLong("value")).isEqualTo(12);
    }
  }

  /** The rows are deleted in an order that goes to and fro between many batches. */
  @Test
  void filterThatIsCheckedByACommit_readsNoBatchForEachRow() {
    List<Object> keys = keys().subList(100, 2_000);
    Collections.shuffle(keys, new Random(1));
    try (Transaction tx = db.begin()) {
      assertThat(tx.scan(table, SMALL).rowCount()).isEqualTo(10);
      tx.insert(table, SpillingPlace.row(table, ROWS, ROWS));
      db.run(other -> other.deleteAll(table, keys));
      long before = db.statistics().spilling().broughtBack();
      tx.commit();
      assertThat(db.statistics().spilling().broughtBack() - before).isLessThan(keys.size() / 2);
    }
  }

  /** A reader that stays inside its view keeps Arrow memory; commits do not wait for its end. */
  @Test
  void commits_besideAReaderThatStays_goOn() throws InterruptedException {
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
      SpillingPlace.load(db, table, ROWS, ROWS + 4_000);
      assertThat(reader.isAnyAlive()).isTrue();
      gate.open.countDown();
      reader.join();
    }
  }
}
