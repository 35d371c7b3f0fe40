package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.IsolationLevel;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.vector.BigIntVector;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A few batches in a budget that holds still fewer: they go and come back without a pause, while
 * others move money, read by all means, merge and compact. Every reader checks sum and payloads.
 * Fixed seeds and numbers of operations; the operating system supplies the rest.
 */
class SpillingStressTest {
  private static final int ROWS = 2_000;
  private static final long SUM = (ROWS - 1L) * ROWS / 2;
  private static final long BUDGET = 512 << 10;

  @TempDir private Path root;
  private final AtomicInteger writers = new AtomicInteger();

  @Test
  @Timeout(120)
  void everything_whileBatchesComeAndGo_staysRight() {
    run(300);
  }

  @Test
  @Tag("long")
  @Timeout(1_800)
  void everything_forLong_staysRight() {
    run(30_000);
  }

  private void run(int transfers) {
    StoreConfig config = SpillingPlace.budget(BUDGET).build();
    try (SpillingPlace place = new SpillingPlace(root.resolve("store"))) {
      try (Khonsu db = place.open(config)) {
        Table table = SpillingPlace.table(db, "rows");
        SpillingPlace.load(db, table, 0, ROWS);
        writers.set(2);
        Threads.run(
            7,
            number -> {
              switch (number) {
                case 0, 1 -> transfer(db, table, number, transfers);
                case 2 -> audit(db, table);
                case 3 -> auditColumns(db, table, IsolationLevel.SERIALIZABLE);
                case 4 -> auditColumns(db, table, IsolationLevel.READ_COMMITTED);
                case 5 -> readPoints(db, table);
                default -> compact(db);
              }
            });
        assertThat(db.statistics().spilling().broughtBack()).isPositive();
        assertThat(db.statistics().spilling().bytesWritten()).isPositive();
      }
      try (Khonsu db = place.open(config)) {
        audit(db, db.table("rows").orElseThrow());
      }
    }
  }

  private void transfer(Khonsu db, Table table, int seed, int transfers) {
    try {
      SplittableRandom random = new SplittableRandom(seed);
      for (int i = 0; i < transfers; i++) {
        long from = random.nextInt(ROWS);
        long to = (from + 1 + random.nextInt(ROWS - 1)) % ROWS;
        boolean merges = random.nextBoolean();
        db.run(tx -> {
          if (merges) {
            tx.merge(table, Merges.add("value", -3), from);
            tx.merge(table, Merges.add("value", 3), to);
          } else {
            long taken = tx.get(table, from).orElseThrow().getLong("value");
            long given = tx.get(table, to).orElseThrow().getLong("value");
            tx.update(table, SpillingPlace.row(table, from, taken - 1));
            tx.update(table, SpillingPlace.row(table, to, given + 1));
          }
        });
      }
    } finally {
      writers.decrementAndGet();
    }
  }

  private void audit(Khonsu db, Table table) {
    do {
      try (Snapshot snapshot = db.snapshot()) {
        long sum = 0;
        for (Row row : snapshot.scan(table).rows()) {
          assertThat(row.getString("payload")).isEqualTo(SpillingPlace.payload(row.getLong("id")));
          sum += row.getLong("value");
        }
        assertThat(sum).isEqualTo(SUM);
        Scan nothing = Scan.all().where(RowFilter.column("value").greaterThan(1L << 40));
        assertThat(snapshot.scan(table, nothing).rowCount()).isZero();
      }
    } while (writers.get() > 0);
  }

  private void auditColumns(Khonsu db, Table table, IsolationLevel level) {
    while (writers.get() > 0) {
      try (Transaction tx = db.begin(TransactionOptions.of(level))) {
        long sum = 0;
        for (RecordBatch batch : tx.scan(table)) {
          BigIntVector values = (BigIntVector) batch.vector("value");
          for (int i = 0; i < batch.rowCount(); i++) {
            sum += values.get(i);
          }
          batch.close();
        }
        assertThat(sum).isEqualTo(SUM);
      }
    }
  }

  private void readPoints(Khonsu db, Table table) {
    SplittableRandom random = new SplittableRandom(99);
    while (writers.get() > 0) {
      long id = random.nextInt(ROWS);
      try (Snapshot snapshot = db.snapshot()) {
        Row row = snapshot.get(table, id).orElseThrow();
        assertThat(row.getString("payload")).isEqualTo(SpillingPlace.payload(id));
      }
    }
  }

  private void compact(Khonsu db) {
    while (writers.get() > 0) {
      db.compact();
    }
  }
}
