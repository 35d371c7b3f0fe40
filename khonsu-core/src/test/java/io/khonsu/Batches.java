package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Arrow batches and schemas for tests. */
final class Batches {
  static final ArrowType INT64 = new ArrowType.Int(64, true);

  /** A string {@code id} that is not null, and a {@code balance} that may be. */
  static final Schema ACCOUNTS =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE), Field.nullable("balance", INT64)));

  /** An {@code id} and a {@code value}, both integers, neither null. */
  static final Schema NUMBERS =
      new Schema(List.of(Field.notNullable("id", INT64), Field.notNullable("value", INT64)));

  private Batches() {}

  /** {@return a batch of these rows, each an array of natural Java values} */
  @MustBeClosed
  static VectorSchemaRoot of(BufferAllocator allocator, Schema schema, @Nullable Object[]... rows) {
    BatchSchema compiled = BatchSchema.of(schema);
    BatchBuilder builder = new BatchBuilder(compiled);
    for (@Nullable Object[] row : rows) {
      builder.appendRow(row);
    }
    try (FrozenBatch batch = builder.freeze(allocator)) {
      return new Gather(compiled).add(batch, 0, batch.rowCount()).toVectors(allocator);
    }
  }

  /** {@return rows of {@link #NUMBERS}: ids from {@code first} on, their values a hundredfold} */
  @MustBeClosed
  static VectorSchemaRoot numbers(BufferAllocator allocator, long first, int count) {
    @Nullable Object[][] rows = new Object[count][];
    for (int i = 0; i < count; i++) {
      rows[i] = row(first + i, (first + i) * 100);
    }
    return of(allocator, NUMBERS, rows);
  }

  static @Nullable Object[] row(@Nullable Object... values) {
    return values;
  }

  /** {@return null, as callers may pass it who have no checks} */
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // that is its purpose
  static <T> T missing() {
    return null;
  }

  /** {@return all rows of batches, as Arrow's own vectors give them} */
  static List<List<@Nullable Object>> values(Iterable<RecordBatch> batches) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (RecordBatch batch : batches) {
      rows.addAll(values(batch));
    }
    return rows;
  }

  /** {@return all rows of a batch, as Arrow's own vectors give them, strings as such} */
  static List<List<@Nullable Object>> values(RecordBatch batch) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (int i = 0; i < batch.rowCount(); i++) {
      List<@Nullable Object> row = new ArrayList<>();
      for (FieldVector vector : batch.root().getFieldVectors()) {
        Object value = vector.getObject(i);
        row.add(value instanceof org.apache.arrow.vector.util.Text ? value.toString() : value);
      }
      rows.add(row);
    }
    return rows;
  }
}
