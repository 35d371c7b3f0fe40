package io.khonsu.benchmarks;

import io.khonsu.Khonsu;
import io.khonsu.RecordBatch;
import io.khonsu.Scan;
import io.khonsu.Store;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Khonsu: a row table of numbers and bytes, a row for each commit. */
final class KhonsuDurable implements DurableContender {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("item", new ArrowType.Int(32, true)),
              Field.notNullable("value", new ArrowType.Binary())));

  private static final String NAME = "items";
  private static final int LOADED_ROWS = 1_000;

  private final Store db;
  private final Table items;

  KhonsuDurable(Path directory, StoreConfig config) {
    this(Khonsu.open(directory, config));
  }

  /**
   * Uses a store, whose table is made if it is not there.
   *
   * @param db closed with this
   */
  KhonsuDurable(Store db) {
    this.db = db;
    this.items =
        db.table(NAME)
            .orElseGet(() -> db.createTable(TableSpec.rows(NAME, SCHEMA).primaryKey("item")));
  }

  @Override
  public Session open() {
    return (item, value) -> db.run(tx -> tx.upsert(items, items.row(item, value)));
  }

  @Override
  public byte @Nullable [] read(int item) {
    return db.<byte @Nullable [], RuntimeException>readOnly(snapshot ->
        snapshot.get(items, item).map(row -> row.get("value", byte[].class)).orElse(null));
  }

  /** Writes rows with numbers from 0 on and random values, many in each commit. */
  void load(int rows, int valueBytes) {
    SplittableRandom random = new SplittableRandom(rows);
    byte[] value = new byte[valueBytes];
    for (int from = 0; from < rows; from += LOADED_ROWS) {
      int first = from;
      int last = Math.min(rows, from + LOADED_ROWS);
      db.run(tx -> {
        for (int item = first; item < last; item++) {
          random.nextBytes(value);
          tx.upsert(items, items.row(item, value));
        }
      });
    }
  }

  /** {@return how many rows there are} */
  static long count(Khonsu db) {
    Table items = db.table(NAME).orElseThrow();
    return db.<Long, RuntimeException>readOnly(snapshot -> {
      long rows = 0;
      for (RecordBatch batch : snapshot.scan(items, Scan.all().columns("item"))) {
        rows += batch.rowCount();
      }
      return rows;
    });
  }

  @Override
  public void close() {
    db.close();
  }
}
