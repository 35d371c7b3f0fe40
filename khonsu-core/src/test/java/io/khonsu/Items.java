package io.khonsu;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Tables of the simplest kinds, for tests that are about anything but types. */
final class Items {
  static final Schema ROW =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.notNullable("value", new ArrowType.Int(64, true))));

  static final Schema NUMBERS =
      new Schema(List.of(Field.nullable("number", new ArrowType.Int(64, true))));

  private Items() {}

  /** {@return a new table from strings to longs} */
  static Table rows(Store db, String name) {
    return db.createTable(TableSpec.rows(name, ROW).primaryKey("id"));
  }

  /** {@return a new table from strings to batches of one column of longs} */
  static Table batches(Store db, String name) {
    return db.createTable(TableSpec.batches(name, NUMBERS));
  }

  static CommitReceipt put(Store db, Table table, String id, long value) {
    try (Transaction tx = db.begin()) {
      tx.upsert(table, table.row(id, value));
      return tx.commit();
    }
  }

  /** {@return the value of a row, or -1} */
  static long value(ReadView view, Table table, String id) {
    return view.get(table, id).map(row -> row.getLong("value")).orElse(-1L);
  }

  static SortedMap<String, Long> state(Store db, Table table) {
    return db.readOnly(snapshot -> state(snapshot, table));
  }

  static SortedMap<String, Long> state(ReadView view, Table table) {
    SortedMap<String, Long> rows = new TreeMap<>();
    view.scan(table).rows().forEach(row -> rows.put(row.getString("id"), row.getLong("value")));
    return rows;
  }

  /** Writes a batch of numbers. */
  static void write(
      Transaction tx, Table table, String name, BufferAllocator allocator, long... numbers) {
    try (BigIntVector vector = new BigIntVector("number", allocator)) {
      vector.allocateNew(numbers.length);
      for (int i = 0; i < numbers.length; i++) {
        vector.set(i, numbers[i]);
      }
      vector.setValueCount(numbers.length);
      tx.write(table, name, new VectorSchemaRoot(NUMBERS, List.of(vector), numbers.length));
    }
  }

  /** {@return the numbers of a batch; none if it does not exist} */
  static List<Long> numbers(ReadView view, Table table, String name) {
    return view.read(table, name)
        .map(batch -> {
          BigIntVector vector = (BigIntVector) batch.vector("number");
          List<Long> numbers = new java.util.ArrayList<>();
          for (int i = 0; i < batch.rowCount(); i++) {
            numbers.add(vector.get(i));
          }
          return numbers;
        })
        .orElse(List.of());
  }
}
