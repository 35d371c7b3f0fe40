package io.khonsu.internal.arrow;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.InvalidBatchException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.apache.arrow.memory.BufferAllocator;

/**
 * A batch as bytes, for logs and networks: a version byte, the row count as a varint, the columns
 * (see {@link FrameFormat}), a CRC32C of all of these. The schema is not in it.
 */
public final class BatchFrame {
  private BatchFrame() {}

  /** {@return how many bytes {@link #encode} writes} */
  public static long sizeBytes(FrozenBatch batch) {
    byte[] frame = batch.frame();
    return frame != null ? frame.length : FrozenBatch.frameBytes(batch.nodes(), batch.rowCount());
  }

  /** {@return the frame of a batch, in an array of its own} */
  public static byte[] encode(FrozenBatch batch) {
    byte[] target = new byte[intSize(sizeBytes(batch))];
    var _ = encode(batch, target, 0);
    return target;
  }

  /** {@return the frame of gathered rows, in an array of its own} */
  public static byte[] encode(Gather rows) {
    BatchBuilder copy = rows.copy();
    byte[] target = new byte[intSize(copy.sizeBytes())];
    int end = FrozenBatch.writeFrame(copy.nodes(), copy.rowCount(), target, 0);
    return end == target.length ? target : Arrays.copyOf(target, end);
  }

  /** Writes the frame of a batch to {@code target} from {@code offset} on; {@return its end}. */
  public static int encode(FrozenBatch batch, byte[] target, int offset) {
    Objects.checkFromIndexSize(offset, intSize(sizeBytes(batch)), target.length);
    byte[] frame = batch.frame();
    if (frame != null) {
      System.arraycopy(frame, 0, target, offset, frame.length);
      return offset + frame.length;
    }
    return FrozenBatch.writeFrame(batch.nodes(), batch.rowCount(), target, offset);
  }

  /**
   * Reads a frame, checking everything.
   *
   * @param bytes borrowed
   * @param allocator gives the memory if the batch is too large for the heap
   * @return a batch that the caller owns
   * @throws CorruptFrameException if the bytes are not exactly a frame of this schema
   */
  @MustBeClosed
  public static FrozenBatch decode(
      BatchSchema schema, byte[] bytes, int offset, int length, BufferAllocator allocator) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    byte[] frame = Arrays.copyOfRange(bytes, offset, offset + length);
    return take(schema, frame, allocator);
  }

  /**
   * Reads a frame as {@link #decode} does, but leaves it on the heap, however large; closing the
   * batch is not needed.
   *
   * @param frame taken over: nobody may change it
   */
  @SuppressWarnings("MustBeClosedChecker") // a batch on the heap holds nothing else
  public static FrozenBatch onHeap(BatchSchema schema, byte[] frame) {
    Column[] columns = new Column[schema.columnCount()];
    int rowCount = checked(schema, frame, columns);
    return FrozenBatch.ofFrame(schema, frame, columns, rowCount);
  }

  /**
   * Reads a frame as {@link #decode} does.
   *
   * @param frame taken over: nobody may change it
   */
  @MustBeClosed
  public static FrozenBatch take(BatchSchema schema, byte[] frame, BufferAllocator allocator) {
    Column[] columns = new Column[schema.columnCount()];
    int rowCount = checked(schema, frame, columns);
    return frame.length <= FrozenBatch.HEAP_BYTES_MAX
        ? FrozenBatch.ofFrame(schema, rowCount, frame)
        : FrozenBatch.nativeCopyOf(schema, columns, rowCount, allocator);
  }

  /** Reads the columns; {@return the row count} */
  private static int checked(BatchSchema schema, byte[] frame, Column[] columns) {
    int end = frame.length - 4;
    if (end < 2) {
      throw new CorruptFrameException("a frame has " + frame.length + " bytes");
    }
    if (frame[0] != FrozenBatch.FORMAT_VERSION) {
      throw new CorruptFrameException("a frame has format version " + frame[0]);
    }
    if (FrozenBatch.checksum(frame, 0, end) != LittleEndian.getInt(frame, end)) {
      throw new CorruptFrameException("a frame does not have its checksum");
    }
    return readColumns(schema, MemorySegment.ofArray(frame).asSlice(0, end), columns);
  }

  private static int readColumns(BatchSchema schema, MemorySegment body, Column[] columns) {
    try {
      FrameFormat.Reader reader = new FrameFormat.Reader(body, 1);
      int rowCount = reader.length();
      if (reader.position() != 1 + FrameFormat.varintBytes(rowCount)) {
        throw new CorruptFrameException("the row count of a frame is longer than it need be");
      }
      for (int i = 0; i < columns.length; i++) {
        columns[i] = reader.column(schema.layout(i), rowCount);
      }
      if (reader.position() != body.byteSize()) {
        throw new CorruptFrameException(
            (body.byteSize() - reader.position()) + " bytes follow the columns of a frame");
      }
      ColumnChecks.check(columns);
      return rowCount;
    } catch (IndexOutOfBoundsException | InvalidBatchException e) {
      throw new CorruptFrameException("the content of a frame is invalid", e);
    }
  }

  private static int intSize(long size) {
    if (size > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException("a frame would have " + size + " bytes: split the batch");
    }
    return (int) size;
  }
}
