package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random data of random schemas through every way in and out. The name of a test is what replays
 * it.
 */
class RoundTripPropertyTest {
  private final BufferAllocator allocator = new RootAllocator();

  static List<Long> seeds() {
    Long given = Long.getLong("khonsu.seed");
    if (given != null) {
      return List.of(given);
    }
    long fresh = System.nanoTime();
    System.out.printf("RoundTripPropertyTest: seeds 0 to 19, and 4 from %d%n", fresh + 20);
    List<Long> seeds = new ArrayList<>();
    for (long i = 0; i < 24; i++) {
      seeds.add(i < 20 ? i : fresh + i);
    }
    return seeds;
  }

  @AfterEach
  void nothingIsLeftBehind() {
    assertThat(allocator.getAllocatedMemory()).isZero();
    allocator.close();
  }

  @ParameterizedTest(name = "-Dkhonsu.seed={0}")
  @MethodSource("seeds")
  void everyType_throughBuilderAndBatch_comesBackEqual(long seed) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = seed % 4 == 0 ? samples.everyType() : samples.schema(4, 3);
    BatchSchema compiled = BatchSchema.of(schema);
    int rows = new int[] {0, 1, 2, 9, 70, 150}[samples.random().nextInt(6)];
    try (VectorSchemaRoot root = samples.root(schema, rows, allocator)) {
      BatchBuilder builder = new BatchBuilder(compiled);
      int split = rows == 0 ? 0 : samples.random().nextInt(rows);
      builder.append(root, 0, split, null);
      builder.append(root, split, rows - split, null);
      assertThat(builder.rowCount()).isEqualTo(rows);
      for (FrozenBatch batch : bothForms(builder)) {
        try (batch) {
          checkWhole(batch, root);
          checkSlices(samples.random(), batch, root);
          checkFrame(batch, builder);
        }
      }
    }
  }

  @ParameterizedTest(name = "-Dkhonsu.seed={0}")
  @MethodSource("seeds")
  void gather_ofRandomRuns_equalsRowByRow(long seed) {
    ArrowSamples samples = new ArrowSamples(seed);
    RandomGenerator random = samples.random();
    Schema schema = samples.schema(3, 3);
    BatchSchema compiled = BatchSchema.of(schema);
    try (VectorSchemaRoot root = samples.root(schema, 150, allocator)) {
      BatchBuilder builder = new BatchBuilder(compiled);
      builder.append(root);
      List<FrozenBatch> batches = bothForms(builder);
      int[] projection = random.nextBoolean() ? new int[] {0, 1, 2} : new int[] {2, 0};
      Gather gather = new Gather(compiled, projection);
      List<Integer> expected = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        int first = random.nextInt(150);
        int count = random.nextInt(Math.min(12, 150 - first) + 1);
        gather.add(batches.get(random.nextInt(2)), first, count);
        for (int row = first; row < first + count; row++) {
          expected.add(row);
        }
      }
      try (FrozenBatch batch = gather.toBatch(allocator);
          VectorSchemaRoot vectors = gather.toVectors(allocator);
          FrozenBatch source = builder.freeze(allocator)) {
        checkGathered(projection, expected, batch, vectors, source);
      }
      batches.forEach(FrozenBatch::close);
    }
  }

  @ParameterizedTest(name = "-Dkhonsu.seed={0}")
  @MethodSource("seeds")
  void rows_stagedFromTheirJavaValues_areEqual(long seed) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = seed % 4 == 0 ? samples.everyType() : samples.schema(4, 3);
    BatchSchema compiled = BatchSchema.of(schema);
    try (VectorSchemaRoot root = samples.root(schema, 30, allocator)) {
      BatchBuilder original = new BatchBuilder(compiled);
      original.append(root);
      BatchBuilder copy = new BatchBuilder(compiled);
      for (int row = 0; row < 30; row++) {
        @Nullable Object[] values = new Object[compiled.columnCount()];
        for (int column = 0; column < values.length; column++) {
          values[column] = original.getObject(column, row);
        }
        copy.appendRow(values);
      }
      for (int row = 0; row < 30; row++) {
        for (int column = 0; column < compiled.columnCount(); column++) {
          assertSame(copy.getObject(column, row), original.getObject(column, row));
        }
      }
    }
  }

  @ParameterizedTest(name = "-Dkhonsu.seed={0}")
  @MethodSource("seeds")
  void rollback_afterMoreRows_restoresTheStagedOnes(long seed) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = samples.schema(4, 3);
    BatchSchema compiled = BatchSchema.of(schema);
    try (VectorSchemaRoot root = samples.root(schema, 60, allocator)) {
      BatchBuilder builder = new BatchBuilder(compiled);
      builder.append(root, 0, 20, null);
      BatchBuilder.Savepoint savepoint = builder.savepoint();
      builder.append(root, 20, 40, null);
      builder.rollbackTo(savepoint);
      builder.append(root, 40, 20, null);
      try (FrozenBatch batch = builder.freeze(allocator);
          FrozenBatch kept = builder.freeze(allocator, new int[] {3, 4, 39, 0});
          VectorSchemaRoot actual = new Gather(compiled).add(batch, 0, 40).toVectors(allocator);
          VectorSchemaRoot four = new Gather(compiled).add(kept, 0, 4).toVectors(allocator)) {
        VectorAssertions.assertRows(actual, 0, root, 0, 20);
        VectorAssertions.assertRows(actual, 20, root, 40, 20);
        VectorAssertions.assertRows(four, 0, root, 3, 2);
        VectorAssertions.assertRows(four, 2, root, 59, 1);
        VectorAssertions.assertRows(four, 3, root, 0, 1);
      }
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // The caller closes both.
  private List<FrozenBatch> bothForms(BatchBuilder builder) {
    int size = (int) FrozenBatch.frameBytes(builder.nodes(), builder.rowCount());
    byte[] frame = new byte[size];
    FrozenBatch.writeFrame(builder.nodes(), builder.rowCount(), frame, 0);
    return List.of(
        FrozenBatch.ofFrame(builder.schema(), builder.rowCount(), frame),
        FrozenBatch.nativeCopyOf(builder.schema(), builder.nodes(), builder.rowCount(), allocator));
  }

  private void checkWhole(FrozenBatch batch, VectorSchemaRoot root) {
    int rows = root.getRowCount();
    try (VectorSchemaRoot actual =
        new Gather(batch.schema()).add(batch, 0, rows).toVectors(allocator)) {
      VectorAssertions.assertRows(actual, 0, root, 0, rows);
      BatchValidator.check(batch.schema(), actual, null);
    }
    for (int column = 0; column < batch.schema().columnCount(); column++) {
      ArrowType type = batch.schema().field(column).getType();
      for (int row = 0; row < rows; row++) {
        @Nullable Object value = batch.getObject(column, row);
        assertThat(batch.column(column).isNull(row)).isEqualTo(value == null);
        if ((type instanceof ArrowType.Int number && number.getIsSigned())
            || type instanceof ArrowType.Bool
            || type instanceof ArrowType.Binary
            || type instanceof ArrowType.Decimal) {
          assertThat(value).isEqualTo(root.getVector(column).getObject(row));
        } else if (type instanceof ArrowType.Utf8 && value != null) {
          assertThat(value).isEqualTo(String.valueOf(root.getVector(column).getObject(row)));
        }
      }
    }
  }

  private void checkSlices(RandomGenerator random, FrozenBatch batch, VectorSchemaRoot root) {
    for (int i = 0; i < 4 && root.getRowCount() > 0; i++) {
      int first = random.nextInt(root.getRowCount());
      int count = random.nextInt(root.getRowCount() - first) + 1;
      try (VectorSchemaRoot actual =
          new Gather(batch.schema()).add(batch, first, count).toVectors(allocator)) {
        VectorAssertions.assertRows(actual, 0, root, first, count);
        BatchValidator.check(batch.schema(), actual, null);
      }
    }
  }

  private void checkFrame(FrozenBatch batch, BatchBuilder builder) {
    byte[] frame = BatchFrame.encode(batch);
    assertThat(frame.length).isEqualTo((int) BatchFrame.sizeBytes(batch));
    try (FrozenBatch decoded =
        BatchFrame.decode(batch.schema(), ByteBuffer.wrap(frame), allocator)) {
      assertThat(decoded.rowCount()).isEqualTo(batch.rowCount());
      assertThat(BatchFrame.encode(decoded)).isEqualTo(frame);
      for (int row = 0; row < batch.rowCount(); row++) {
        assertThat(FrozenBatch.equalRows(batch, row, decoded, row)).isTrue();
        assertThat(decoded.hashRow(row)).isEqualTo(batch.hashRow(row));
      }
      assertThat(decoded.rowCount()).isEqualTo(builder.rowCount());
    }
  }

  private static void checkGathered(
      int[] projection,
      List<Integer> expected,
      FrozenBatch batch,
      VectorSchemaRoot vectors,
      FrozenBatch source) {
    assertThat(batch.rowCount()).isEqualTo(expected.size());
    assertThat(vectors.getRowCount()).isEqualTo(expected.size());
    BatchValidator.check(batch.schema(), vectors, null);
    BatchBuilder again = new BatchBuilder(batch.schema());
    again.append(vectors);
    for (int row = 0; row < expected.size(); row++) {
      for (int column = 0; column < projection.length; column++) {
        Object value = source.getObject(projection[column], expected.get(row));
        assertSame(batch.getObject(column, row), value);
        assertSame(again.getObject(column, row), value);
        assertThat(
                Cells.equal(
                    batch.node(column), row, source.node(projection[column]), expected.get(row)))
            .isTrue();
      }
    }
  }

  private static void assertSame(@Nullable Object actual, @Nullable Object expected) {
    assertThat(shown(actual)).isEqualTo(shown(expected));
  }

  private static String shown(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case byte[] bytes -> Arrays.toString(bytes);
      case List<?> list -> list.stream().map(RoundTripPropertyTest::shown).toList().toString();
      case Map<?, ?> map -> {
        List<String> entries = new ArrayList<>();
        map.forEach((k, v) -> entries.add(shown(k) + "=" + shown(v)));
        yield entries.toString();
      }
      default -> value.getClass().getSimpleName() + ":" + value;
    };
  }
}
