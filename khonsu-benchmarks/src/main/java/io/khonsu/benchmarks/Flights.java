package io.khonsu.benchmarks;

import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Rows of the flights' schema (12 bytes of data each), keyed by their number. */
final class Flights {
  static final String NAME = "flights";

  static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("row", new ArrowType.Int(32, true)),
              Field.notNullable("delay", new ArrowType.Int(16, true)),
              Field.notNullable("distance", new ArrowType.Int(16, true)),
              Field.notNullable(
                  "time", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))));

  private Flights() {}

  static Table createIn(Khonsu db) {
    return db.createTable(TableSpec.rows(NAME, SCHEMA).primaryKey("row"));
  }

  /** {@return {@code count} rows with numbers from {@code firstRow} on; the caller closes them} */
  static VectorSchemaRoot rows(BufferAllocator allocator, int firstRow, int count) {
    SplittableRandom random = new SplittableRandom(firstRow);
    VectorSchemaRoot root = VectorSchemaRoot.create(SCHEMA, allocator);
    IntVector rows = (IntVector) root.getVector("row");
    SmallIntVector delays = (SmallIntVector) root.getVector("delay");
    SmallIntVector distances = (SmallIntVector) root.getVector("distance");
    Float4Vector times = (Float4Vector) root.getVector("time");
    root.getFieldVectors().forEach(vector -> vector.setInitialCapacity(count));
    root.allocateNew();
    for (int i = 0; i < count; i++) {
      rows.set(i, firstRow + i);
      delays.set(i, random.nextInt(-60, 600));
      distances.set(i, random.nextInt(50, 5_000));
      times.set(i, (float) random.nextDouble(24));
    }
    root.setRowCount(count);
    return root;
  }
}
