package io.khonsu.benchmarks;

import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Khonsu, opened by a path: a row table of numbers and bytes, a row for each commit. */
final class KhonsuDurable implements DurableContender {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("item", new ArrowType.Int(32, true)),
              Field.notNullable("value", new ArrowType.Binary())));

  private final Khonsu db;
  private final Table items;

  KhonsuDurable(Path directory, StoreConfig config) {
    db = Khonsu.open(directory, config);
    items = db.createTable(TableSpec.rows("items", SCHEMA).primaryKey("item"));
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

  @Override
  public void close() {
    db.close();
  }
}
