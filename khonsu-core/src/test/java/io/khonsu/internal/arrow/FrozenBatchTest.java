package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FrozenBatchTest {
  private final BufferAllocator allocator = new RootAllocator();

  @AfterEach
  void nothingIsLeftBehind() {
    assertThat(allocator.getAllocatedMemory()).isZero();
    allocator.close();
  }

  static BatchSchema fiveColumns() {
    return BatchSchema.of(
        new Schema(
            List.of(
                new Field("id", FieldType.notNullable(new ArrowType.Int(64, true)), null),
                new Field("name", FieldType.nullable(ArrowType.Utf8.INSTANCE), null),
                new Field(
                    "share",
                    FieldType.nullable(new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE)),
                    null),
                new Field(
                    "at",
                    FieldType.nullable(new ArrowType.Timestamp(TimeUnit.MICROSECOND, "UTC")),
                    null),
                new Field("open", FieldType.nullable(ArrowType.Bool.INSTANCE), null))));
  }

  static List<Object> row(long id) {
    return List.of(id, "name %06d".formatted(id), id / 2.0, Instant.ofEpochSecond(id), id % 2 == 0);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // Closed by hand: that is what is tested.
  void nativeBatch_afterItsRelease_cannotBeRead() {
    BatchBuilder builder = rows(500);
    FrozenBatch batch = builder.freeze(allocator);
    assertThat(batch.isNative()).isTrue();
    ColumnView column = batch.column(0);
    assertThat(column.getLong(499)).isEqualTo(499);
    assertThat(batch.tryRetain()).isTrue();
    batch.close();
    assertThat(batch.getObject(0, 3)).isEqualTo(3L);
    batch.close();
    assertThatThrownBy(() -> column.getLong(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> batch.column(0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> batch.getObject(0, 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> batch.hashRow(0)).isInstanceOf(IllegalStateException.class);
    assertThat(batch.tryRetain()).isFalse();
    assertThatThrownBy(batch::close).isInstanceOf(IllegalStateException.class);
    Gather gather = new Gather(batch.schema()).add(batch, 0, 100);
    assertThatThrownBy(() -> gather.toVectors(allocator).close())
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> gather.toBatch(allocator).close())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // Closed by hand: that is what is tested.
  void exportedVectors_shareTheMemory_andOutliveTheBatch() {
    BatchBuilder builder = rows(1000);
    try (BufferAllocator child = allocator.newChildAllocator("reader", 0, 1 << 20)) {
      FrozenBatch batch = builder.freeze(allocator);
      long before = allocator.getAllocatedMemory();
      try (VectorSchemaRoot vectors =
          new Gather(batch.schema(), 0, 2).add(batch, 0, 1000).toVectors(child)) {
        // The two bitmaps that the vectors demand and the batch does not hold.
        assertThat(allocator.getAllocatedMemory() - before).isLessThanOrEqualTo(512);
        batch.close();
        assertThat(vectors.getVector("id").getObject(999)).isEqualTo(999L);
        assertThat(vectors.getVector("share").getObject(999)).isEqualTo(499.5);
      }
    }
  }

  @Test
  void rowsOfAnotherRoot_areCopied() {
    try (BufferAllocator other = new RootAllocator();
        FrozenBatch batch = rows(300).freeze(allocator);
        VectorSchemaRoot vectors = new Gather(batch.schema()).add(batch, 1, 299).toVectors(other)) {
      assertThat(vectors.getVector("id").getObject(0)).isEqualTo(1L);
    }
  }

  @Test
  void cells_ofBothForms_areBounded() {
    for (int count : new int[] {3, 500}) {
      try (FrozenBatch batch = rows(count).freeze(allocator)) {
        ColumnView names = batch.column(1);
        byte[] bytes = new byte[names.lengthBytes(2)];
        names.copyBytes(2, bytes, 0);
        assertThat(bytes).asString().isEqualTo("name 000002");
        assertThat(batch.column(4).getLong(2)).isEqualTo(1);
        assertThat(batch.column(2).getDouble(1)).isEqualTo(0.5);
        assertThatThrownBy(() -> names.isNull(count)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> names.lengthBytes(-1))
            .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> batch.getObject(0, count))
            .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> batch.column(5)).isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
  }

  private static BatchBuilder rows(int count) {
    BatchBuilder builder = new BatchBuilder(fiveColumns());
    for (int i = 0; i < count; i++) {
      builder.appendRow(row(i));
    }
    return builder;
  }
}
