package io.khonsu.internal.arrow;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.InvalidBatchException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/**
 * A batch as bytes, for logs and networks: a version byte, the row count as a varint, the columns
 * (see {@link FrameFormat}), a CRC32C of all of these. The schema is not in it.
 */
public final class BatchFrame {
  static final int CHECKSUM_BYTES = 4;

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

  /**
   * {@return the frame that a small batch on the heap consists of; null of any other} Nobody may
   * change it.
   */
  public static byte @Nullable [] frameOfSmall(FrozenBatch batch) {
    byte[] frame = batch.frame();
    return frame == null || frame.length > FrozenBatch.HEAP_BYTES_MAX ? null : frame;
  }

  /** {@return the batch of {@link #frameOfSmall}, which holds nothing else} */
  @SuppressWarnings("MustBeClosedChecker") // a batch on the heap needs no closing
  public static FrozenBatch small(BatchSchema schema, byte[] frame) {
    return FrozenBatch.ofFrame(schema, rowCount(frame), frame);
  }

  /** {@return how many rows a frame that is known to be valid has} */
  public static int rowCount(byte[] frame) {
    int count = 0;
    int at = 1; // behind the format version
    int shift = 0;
    byte part;
    do {
      part = frame[at++];
      count |= (part & 0x7f) << shift;
      shift += 7;
    } while (part < 0);
    return count;
  }

  /** {@return the frame of a batch, read-only: the batch itself if it is on the heap, or a copy} */
  public static ByteBuffer of(FrozenBatch batch) {
    byte[] frame = batch.frame();
    return ByteBuffer.wrap(frame != null ? frame : encode(batch)).asReadOnlyBuffer();
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
   * @param frame borrowed, all of which remains; nobody moves in it
   * @param allocator gives the memory if the batch is too large for the heap
   * @return a batch that the caller owns
   * @throws CorruptFrameException if the bytes are not exactly a frame of this schema
   */
  @MustBeClosed
  public static FrozenBatch decode(
      BatchSchema schema, ByteBuffer frame, BufferAllocator allocator) {
    if (frame.remaining() <= FrozenBatch.HEAP_BYTES_MAX) {
      return take(schema, copy(frame), allocator);
    }
    Column[] columns = new Column[schema.columnCount()];
    int rowCount = checked(schema, frame, columns);
    return FrozenBatch.nativeCopyOf(schema, columns, rowCount, allocator);
  }

  private static byte[] copy(ByteBuffer frame) {
    byte[] copy = new byte[frame.remaining()];
    frame.get(frame.position(), copy);
    return copy;
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
    return frame.length <= FrozenBatch.HEAP_BYTES_MAX
        ? FrozenBatch.ofFrame(schema, rowCount, frame)
        : FrozenBatch.ofFrame(schema, frame, columns, rowCount);
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
        ? FrozenBatch.ofFrame(schema, frame, columns, rowCount)
        : FrozenBatch.nativeCopyOf(schema, columns, rowCount, allocator);
  }

  /** Reads the columns; {@return the row count} */
  private static int checked(BatchSchema schema, ByteBuffer frame, Column[] columns) {
    ByteBuffer bytes = frame.slice().order(ByteOrder.LITTLE_ENDIAN);
    int end = bytes.limit() - CHECKSUM_BYTES;
    checkSize(end);
    CRC32C checksum = new CRC32C();
    checksum.update(bytes.slice(0, end));
    check(bytes.get(0), (int) checksum.getValue() == bytes.getInt(end));
    return readColumns(schema, MemorySegment.ofBuffer(bytes), end, columns);
  }

  /** Reads the columns; {@return the row count} */
  private static int checked(BatchSchema schema, byte[] frame, Column[] columns) {
    int end = frame.length - CHECKSUM_BYTES;
    checkSize(end);
    check(frame[0], FrozenBatch.checksum(frame, 0, end) == LittleEndian.getInt(frame, end));
    return readColumns(schema, MemorySegment.ofArray(frame), end, columns);
  }

  private static void checkSize(int end) {
    if (end < 2) {
      throw new CorruptFrameException("a frame has " + (end + CHECKSUM_BYTES) + " bytes");
    }
  }

  private static void check(byte formatVersion, boolean hasItsChecksum) {
    if (formatVersion != FrozenBatch.FORMAT_VERSION) {
      throw new CorruptFrameException("a frame has format version " + formatVersion);
    }
    if (!hasItsChecksum) {
      throw new CorruptFrameException("a frame does not have its checksum");
    }
  }

  private static int readColumns(
      BatchSchema schema, MemorySegment frame, int end, Column[] columns) {
    try {
      FrameFormat.Reader reader = new FrameFormat.Reader(frame, 1, end);
      int rowCount = reader.length();
      if (end - reader.remaining() != 1 + FrameFormat.varintBytes(rowCount)) {
        throw new CorruptFrameException("the row count of a frame is longer than it need be");
      }
      for (int i = 0; i < columns.length; i++) {
        columns[i] = reader.column(schema.layout(i), rowCount);
      }
      if (reader.remaining() > 0) {
        throw new CorruptFrameException(
            reader.remaining() + " bytes follow the columns of a frame");
      }
      ColumnChecks.check(columns);
      return rowCount;
    } catch (IndexOutOfBoundsException | InvalidBatchException e) {
      throw new CorruptFrameException("the content of a frame is invalid", e);
    }
  }

  static int intSize(long size) {
    if (size > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException("a frame would have " + size + " bytes: split the batch");
    }
    return (int) size;
  }
}
