package io.khonsu.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.RecordBatch;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.StoreStatistics;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.StateStore;
import io.khonsu.spi.StateReceiver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stores of several times their memory budget, spilled to RocksDB. */
class LargerThanMemoryTest {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", new ArrowType.Int(64, true)),
              Field.notNullable("value", new ArrowType.Int(64, true)),
              Field.notNullable("payload", ArrowType.Utf8.INSTANCE)));
  private static final String PAYLOAD = "x".repeat(1_000);
  private static final int COMMIT_ROWS = 250;

  @TempDir private Path root;

  @Test
  @Timeout(300)
  void table_ofFiveBudgets_isLoadedScannedUpdatedAndThereAgain() throws IOException {
    check(8L << 20, 40_000, 500);
  }

  @Test
  @Tag("long")
  @Timeout(3_600)
  void table_ofHalfAGigabyte_isLoadedScannedUpdatedAndThereAgain() throws IOException {
    check(100L << 20, 500_000, 20_000);
  }

  private void check(long budget, int rows, int updates) throws IOException {
    StoreConfig config =
        StoreConfig.builder().memoryBudgetBytes(budget).durability(Durability.NONE).build();
    Path place = root.resolve("store");
    long sum = LongStream.range(0, rows).sum();
    try (Khonsu db = Khonsu.open(place, config)) {
      Table table = db.createTable(TableSpec.rows("rows", SCHEMA).primaryKey("id"));
      load(db, table, rows);
      assertSpilled(db.statistics().spilling(), rows * 1_000L);
      assertThat(sum(db, table)).isEqualTo(sum);
      SplittableRandom random = new SplittableRandom(7);
      for (int i = 0; i < updates; i++) {
        long id = random.nextInt(rows);
        db.run(tx -> {
          long value = tx.get(table, id).orElseThrow().getLong("value");
          tx.update(table, table.row(id, value + 1, PAYLOAD));
        });
      }
      sum += updates;
      assertThat(sum(db, table)).isEqualTo(sum);
      assertThat(scratchSpaces(place)).hasSize(1);
      assertThat(rowsOfACopy((DurableStorage) db.storage().orElseThrow())).isEqualTo(rows);
    }
    assertThat(scratchSpaces(place)).isEmpty();
    Files.writeString(Files.createDirectory(place.resolve("scratch-1")).resolve("file"), "left");
    try (Khonsu db = Khonsu.open(place, config)) {
      Table table = db.table("rows").orElseThrow();
      assertThat(place.resolve("scratch-1")).doesNotExist();
      assertSpilled(db.statistics().spilling(), rows * 1_000L);
      assertThat(sum(db, table)).isEqualTo(sum);
    }
  }

  private static void load(Khonsu db, Table table, int rows) {
    for (int first = 0; first < rows; first += COMMIT_ROWS) {
      long from = first;
      db.run(tx -> {
        for (long id = from; id < from + COMMIT_ROWS; id++) {
          tx.insert(table, table.row(id, id, PAYLOAD));
        }
      });
    }
  }

  /** What is resident exceeds the budget by one commit, or one batch that compaction makes. */
  private static void assertSpilled(StoreStatistics.Spilling spilling, long tableBytes) {
    assertThat(spilling.residentBytes()).isLessThan(spilling.budgetBytes() + (5 << 20));
    assertThat(spilling.coldBytes()).isGreaterThan(tableBytes - spilling.budgetBytes() * 3 / 2);
  }

  private static long sum(Khonsu db, Table table) {
    long sum = 0;
    try (Snapshot snapshot = db.snapshot()) {
      for (RecordBatch batch : snapshot.scan(table)) {
        BigIntVector values = (BigIntVector) batch.vector("value");
        for (int i = 0; i < batch.rowCount(); i++) {
          sum += values.get(i);
        }
        batch.close();
      }
    }
    return sum;
  }

  private static List<Path> scratchSpaces(Path place) throws IOException {
    try (Stream<Path> files = Files.list(place)) {
      return files.filter(file -> file.getFileName().toString().startsWith("scratch")).toList();
    }
  }

  /** {@return how many rows a copy of the state has that was made beside all this} */
  private long rowsOfACopy(DurableStorage storage) throws IOException {
    storage.flushState();
    Path copy = root.resolve("copy");
    storage.state().checkpoint(copy);
    long[] rows = new long[1];
    try (StateStore state = StateStore.open(storage.engine(), copy, storage.id())) {
      var _ =
          state.read(
              new StateReceiver() {
                @Override
                public void table(int tableId, long version, TableSpec spec) {}

                @Override
                public void item(int tableId, ByteBuffer key, long version, ByteBuffer frame) {
                  rows[0]++;
                }
              });
    }
    return rows[0];
  }
}
