package io.khonsu.internal.arrow;

import com.google.errorprone.annotations.MustBeClosed;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/**
 * An immutable batch of rows of one schema, in one piece of memory.
 *
 * <p>A small batch is its own frame (see {@link BatchFrame}) in a byte array: closing it changes
 * nothing. A larger one is an Arrow buffer, freed when the last reference to it is closed; vectors
 * exported from it hold references of their own and outlive it. Reading a batch whose last
 * reference was closed throws {@link IllegalStateException}; closing must be ordered after reads on
 * other threads by the caller, else they may see memory that was freed. Otherwise thread-safe.
 */
public final class FrozenBatch implements AutoCloseable {
  /** The largest frame that is kept on the heap. */
  public static final int HEAP_BYTES_MAX = 4096;

  static final byte FORMAT_VERSION = 1;

  private final BatchSchema schema;
  private final int rowCount;
  private final byte @Nullable [] frame;

  /** The columns of a frame, if it is large, or was read just now and is not kept like this. */
  private final Column @Nullable [] frameColumns;

  private final @Nullable Block block;

  private FrozenBatch(
      BatchSchema schema,
      int rowCount,
      byte @Nullable [] frame,
      Column @Nullable [] frameColumns,
      @Nullable Block block) {
    this.schema = schema;
    this.rowCount = rowCount;
    this.frame = frame;
    this.frameColumns = frameColumns;
    this.block = block;
  }

  /** Copies canonical columns: to the heap if they are small, else to a buffer of the allocator. */
  @MustBeClosed
  static FrozenBatch copyOf(
      BatchSchema schema, Column[] columns, int rowCount, BufferAllocator allocator) {
    return frameBytes(columns, rowCount) <= HEAP_BYTES_MAX
        ? heapCopyOf(schema, columns, rowCount)
        : nativeCopyOf(schema, columns, rowCount, allocator);
  }

  /** Copies canonical columns to the heap, however large; closing the batch is not needed. */
  @SuppressWarnings("MustBeClosedChecker") // a batch on the heap holds nothing else
  static FrozenBatch heapCopyOf(BatchSchema schema, Column[] columns, int rowCount) {
    byte[] frame = new byte[BatchFrame.intSize(frameBytes(columns, rowCount))];
    writeFrame(columns, rowCount, frame, 0);
    return ofFrame(schema, rowCount, frame);
  }

  /** Copies canonical columns to a buffer of the allocator. */
  @MustBeClosed
  static FrozenBatch nativeCopyOf(
      BatchSchema schema, Column[] columns, int rowCount, BufferAllocator allocator) {
    NativeBlock copy = new NativeBlock(columns, allocator);
    FrozenBatch batch =
        new FrozenBatch(schema, rowCount, null, null, new Block(copy.buffer, copy.columns));
    for (Column column : copy.columns) {
      var _ = column.ownedBy(batch);
    }
    return batch;
  }

  /** Takes over a frame that is known to be valid. */
  @MustBeClosed
  static FrozenBatch ofFrame(BatchSchema schema, int rowCount, byte[] frame) {
    return new FrozenBatch(schema, rowCount, frame, null, null);
  }

  /** Takes over a frame that is known to be valid, with the columns that were read from it. */
  @MustBeClosed
  static FrozenBatch ofFrame(BatchSchema schema, byte[] frame, Column[] columns, int rowCount) {
    return new FrozenBatch(schema, rowCount, frame, columns, null);
  }

  public BatchSchema schema() {
    return schema;
  }

  public int rowCount() {
    return rowCount;
  }

  /** {@return the bytes of memory that the rows occupy, on the heap or outside} */
  public long sizeBytes() {
    return frame != null ? frame.length : nativeBlock().buffer.capacity();
  }

  /** {@return whether it takes so much memory on the heap that nobody should hold many} */
  boolean isHeavy() {
    return frameColumns != null && sizeBytes() > HEAP_BYTES_MAX;
  }

  /** {@return whether closing this frees memory} */
  public boolean isNative() {
    return block != null;
  }

  /** {@return the cells of a column; borrowed, valid until this is closed} */
  public ColumnView column(int index) {
    return node(index);
  }

  /** {@return the cells of all columns; borrowed, valid until this is closed} */
  public ColumnView[] columns() {
    return nodes();
  }

  /**
   * {@return the natural Java value of a cell (see {@link BatchBuilder}), or null if it is null}
   */
  public @Nullable Object getObject(int column, int row) {
    Objects.checkIndex(row, rowCount);
    return node(column).object(row);
  }

  /** {@return the natural Java values of a row, one for each column} */
  public @Nullable Object[] getObjects(int row) {
    Objects.checkIndex(row, rowCount);
    Column[] columns = nodes();
    @Nullable Object[] values = new Object[columns.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = columns[i].object(row);
    }
    return values;
  }

  /** {@return whether two rows of equal schemas hold the same; nulls are equal, floats by bits} */
  public static boolean equalRows(FrozenBatch a, int rowA, FrozenBatch b, int rowB) {
    Objects.checkIndex(rowA, a.rowCount);
    Objects.checkIndex(rowB, b.rowCount);
    Column[] columnsA = a.nodes();
    Column[] columnsB = b.nodes();
    if (columnsA.length != columnsB.length) {
      throw new IllegalArgumentException("the batches have different schemas");
    }
    for (int i = 0; i < columnsA.length; i++) {
      if (!Cells.equal(columnsA[i], rowA, columnsB[i], rowB)) {
        return false;
      }
    }
    return true;
  }

  /** {@return a hash of a row: equal for equal rows, the same on every machine} */
  public long hashRow(int row) {
    Objects.checkIndex(row, rowCount);
    long hash = 1;
    for (Column column : nodes()) {
      hash = Cells.mix(hash, Cells.hash(column, row));
    }
    return hash;
  }

  /** Adds a reference, to be closed like this one; {@return whether one was still open} */
  public boolean tryRetain() {
    return block == null || block.references.getAndUpdate(n -> n == 0 ? 0 : n + 1) > 0;
  }

  /**
   * Drops a reference; the memory goes with the last one.
   *
   * @throws IllegalStateException if there was none
   */
  @Override
  public void close() {
    if (block == null) {
      return;
    }
    int before = block.references.getAndUpdate(n -> n == 0 ? 0 : n - 1);
    if (before == 0) {
      throw released();
    }
    if (before == 1) {
      block.buffer.close();
    }
  }

  Column node(int index) {
    if (block != null) {
      return nativeBlock().columns[index];
    }
    if (frameColumns != null) {
      return frameColumns[index];
    }
    FrameFormat.Reader reader = frameReader();
    Objects.checkIndex(index, schema.columnCount());
    for (int i = 0; i < index; i++) {
      reader.skip(schema.layout(i), rowCount);
    }
    return reader.column(schema.layout(index), rowCount);
  }

  Column[] nodes() {
    if (block != null) {
      return nativeBlock().columns;
    }
    if (frameColumns != null) {
      return frameColumns;
    }
    FrameFormat.Reader reader = frameReader();
    Column[] columns = new Column[schema.columnCount()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = reader.column(schema.layout(i), rowCount);
    }
    return columns;
  }

  /** {@return the buffer that holds all rows, or null if they are on the heap} */
  @Nullable ArrowBuf buffer() {
    return block == null ? null : nativeBlock().buffer;
  }

  byte @Nullable [] frame() {
    return frame;
  }

  void checkLive() {
    if (block != null && block.references.getPlain() == 0) {
      throw released();
    }
  }

  static long frameBytes(Column[] columns, int rowCount) {
    long size = 1L + FrameFormat.varintBytes(rowCount) + BatchFrame.CHECKSUM_BYTES;
    for (Column column : columns) {
      size += FrameFormat.sizeBytes(column);
    }
    return size;
  }

  /** Writes version, row count, columns and the checksum of all of these; {@return the end}. */
  static int writeFrame(Column[] columns, int rowCount, byte[] target, int from) {
    target[from] = FORMAT_VERSION;
    FrameFormat.Writer writer = new FrameFormat.Writer(target, from + 1);
    writer.varint(rowCount);
    for (Column column : columns) {
      writer.column(column);
    }
    int end = writer.position();
    LittleEndian.putInt(target, end, checksum(target, from, end - from));
    return end + BatchFrame.CHECKSUM_BYTES;
  }

  static int checksum(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  private FrameFormat.Reader frameReader() {
    byte[] bytes = Objects.requireNonNull(frame);
    return new FrameFormat.Reader(
        MemorySegment.ofArray(bytes),
        1 + FrameFormat.varintBytes(rowCount),
        bytes.length - BatchFrame.CHECKSUM_BYTES);
  }

  private Block nativeBlock() {
    checkLive();
    return Objects.requireNonNull(block);
  }

  private static IllegalStateException released() {
    return new IllegalStateException("the batch was released");
  }

  /** The memory of a large batch and the references to it. */
  private static final class Block {
    final ArrowBuf buffer;
    final Column[] columns;
    final AtomicInteger references = new AtomicInteger(1);

    Block(ArrowBuf buffer, Column[] columns) {
      this.buffer = buffer;
      this.columns = columns;
    }
  }
}
