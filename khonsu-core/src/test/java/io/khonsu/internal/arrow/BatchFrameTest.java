package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames with flipped, lost and added bytes. */
class BatchFrameTest {
  private static final int MUTATIONS = 400;

  private final BufferAllocator allocator = new RootAllocator(64 << 20);

  @AfterEach
  void nothingIsLeftBehind() {
    assertThat(allocator.getAllocatedMemory()).isZero();
    allocator.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void mutatedFrame_isRefusedByItsChecksum(long seed) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = samples.schema(5, 3);
    byte[] frame = frame(samples, schema, 1 + (int) seed * 3);
    BatchSchema compiled = BatchSchema.of(schema);
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutated = mutate(frame, samples.random());
      if (!Arrays.equals(mutated, frame)) {
        refuse(compiled, mutated);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void mutatedFrame_withItsChecksumForged_isRefusedOrReadable(long seed) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = samples.schema(5, 3);
    byte[] frame = frame(samples, schema, 1 + (int) seed * 3);
    BatchSchema compiled = BatchSchema.of(schema);
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutated = mutate(frame, samples.random());
      int end = mutated.length - 4;
      if (end > 0) {
        LittleEndian.putInt(mutated, end, FrozenBatch.checksum(mutated, 0, end));
      }
      try (FrozenBatch batch = BatchFrame.decode(compiled, ByteBuffer.wrap(mutated), allocator)) {
        readSome(batch);
      } catch (CorruptFrameException e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
  }

  @Test
  void frame_ofOneRow_isSmall() {
    BatchSchema schema = FrozenBatchTest.fiveColumns();
    BatchBuilder builder = new BatchBuilder(schema);
    builder.appendRow(FrozenBatchTest.row(1));
    try (FrozenBatch batch = builder.freeze(allocator)) {
      assertThat(batch.isNative()).isFalse();
      assertThat(BatchFrame.encode(batch)).hasSizeLessThanOrEqualTo(66);
      assertThat(batch.sizeBytes()).isEqualTo(BatchFrame.sizeBytes(batch));
    }
  }

  @Test
  void frame_insideALargerArray_isReadFromThere() {
    BatchSchema schema = FrozenBatchTest.fiveColumns();
    BatchBuilder builder = new BatchBuilder(schema);
    for (int i = 0; i < 500; i++) {
      builder.appendRow(FrozenBatchTest.row(i));
    }
    try (FrozenBatch batch = builder.freeze(allocator)) {
      byte[] target = new byte[(int) BatchFrame.sizeBytes(batch) + 20];
      int end = BatchFrame.encode(batch, target, 7);
      try (FrozenBatch decoded =
          BatchFrame.decode(schema, ByteBuffer.wrap(target, 7, end - 7), allocator)) {
        assertThat(decoded.isNative()).isTrue();
        assertThat(decoded.getObject(1, 499)).isEqualTo(batch.getObject(1, 499));
      }
      ByteBuffer readOnly = ByteBuffer.wrap(target, 7, end - 7).asReadOnlyBuffer();
      try (FrozenBatch decoded = BatchFrame.decode(schema, readOnly, allocator)) {
        assertThat(decoded.getObject(1, 0)).isEqualTo(batch.getObject(1, 0));
      }
      assertThat(readOnly.position()).isEqualTo(7);
    }
  }

  /** Else a small batch would keep all that came with it. */
  @Test
  void smallFrame_insideALargerArray_isCopiedOutOfIt() {
    BatchSchema schema = FrozenBatchTest.fiveColumns();
    BatchBuilder builder = new BatchBuilder(schema);
    builder.appendRow(FrozenBatchTest.row(1));
    try (FrozenBatch batch = builder.freeze(allocator)) {
      byte[] target = new byte[(int) BatchFrame.sizeBytes(batch) + 20];
      int end = BatchFrame.encode(batch, target, 7);
      ByteBuffer frame = ByteBuffer.wrap(target, 7, end - 7);
      try (FrozenBatch decoded = BatchFrame.decode(schema, frame, allocator)) {
        Arrays.fill(target, (byte) -1);
        assertThat(BatchFrame.encode(decoded)).isEqualTo(BatchFrame.encode(batch));
        assertThat(decoded.getObject(1, 0)).isEqualTo(batch.getObject(1, 0));
      }
    }
  }

  private byte[] frame(ArrowSamples samples, Schema schema, int rows) {
    BatchBuilder builder = new BatchBuilder(BatchSchema.of(schema));
    try (VectorSchemaRoot root = samples.root(schema, rows, allocator)) {
      builder.append(root);
    }
    try (FrozenBatch batch = builder.freeze(allocator)) {
      return BatchFrame.encode(batch);
    }
  }

  private static byte[] mutate(byte[] frame, RandomGenerator random) {
    int length = frame.length;
    if (random.nextInt(4) == 0) {
      length = Math.max(0, length + random.nextInt(-20, 20));
    }
    byte[] mutated = Arrays.copyOf(frame, length);
    int changes = random.nextInt(1, 4);
    for (int i = 0; i < changes && length > 0; i++) {
      int at = random.nextBoolean() ? random.nextInt(Math.min(length, 40)) : random.nextInt(length);
      mutated[at] = random.nextBoolean() ? (byte) -1 : (byte) random.nextInt();
    }
    return mutated;
  }

  private void refuse(BatchSchema schema, byte[] frame) {
    assertThatThrownBy(() -> BatchFrame.decode(schema, ByteBuffer.wrap(frame), allocator).close())
        .isInstanceOf(CorruptFrameException.class);
  }

  private static void readSome(FrozenBatch batch) {
    int rows = Math.min(batch.rowCount(), 200);
    for (int column = 0; column < batch.schema().columnCount(); column++) {
      for (int row = 0; row < rows; row++) {
        try {
          var _ = batch.getObject(column, row);
        } catch (DateTimeException | ArithmeticException e) {
          // A number that is no time of its type is not a fault of the frame.
          assertThat(e).isNotNull();
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      assertThat(FrozenBatch.equalRows(batch, row, batch, row)).isTrue();
    }
  }
}
