package io.khonsu.internal.key;

import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.VectorColumnView;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.BitVectorHelper;
import org.apache.arrow.vector.ExtensionTypeVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float2Vector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VariableWidthFieldVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Rows of cells as {@link RandomCells} makes them, in Arrow vectors with an allocator of their own.
 */
public final class CellBatch implements AutoCloseable {
  private final BufferAllocator allocator = new RootAllocator(1 << 24);
  private final List<FieldVector> vectors = new ArrayList<>();
  private final Schema schema;

  /** Copies {@code rows}; a null cell is null. */
  public CellBatch(List<Field> fields, List<@Nullable Object[]> rows) {
    schema = new Schema(fields);
    for (int column = 0; column < fields.size(); column++) {
      FieldVector vector = fields.get(column).createVector(allocator);
      vectors.add(vector);
      vector.setInitialCapacity(rows.size() + 1);
      vector.allocateNew();
      for (int row = 0; row < rows.size(); row++) {
        Object cell = rows.get(row)[column];
        if (cell != null) {
          set(vector, row, cell);
        }
      }
      vector.setValueCount(rows.size());
    }
  }

  /** {@return a batch of rows without nulls} */
  public static CellBatch of(List<Field> fields, List<Object[]> rows) {
    List<@Nullable Object[]> copies = new ArrayList<>();
    for (Object[] row : rows) {
      @Nullable Object[] copy = new @Nullable Object[row.length];
      System.arraycopy(row, 0, copy, 0, row.length);
      copies.add(copy);
    }
    return new CellBatch(fields, copies);
  }

  /** {@return the fields} */
  public Schema schema() {
    return schema;
  }

  /** {@return a view of every column, in order} */
  public ColumnView[] columns() {
    return vectors.stream().map(VectorColumnView::new).toArray(ColumnView[]::new);
  }

  @Override
  public void close() {
    vectors.forEach(FieldVector::close);
    allocator.close();
  }

  private static void set(FieldVector vector, int row, Object cell) {
    switch (vector) {
      case ExtensionTypeVector<?> extension ->
          set((FieldVector) extension.getUnderlyingVector(), row, cell);
      case BitVector bits -> bits.setSafe(row, (int) (long) cell);
      case Float2Vector floats -> floats.setSafe(row, Float.floatToFloat16((float) (double) cell));
      case Float4Vector floats -> floats.setSafe(row, (float) (double) cell);
      case Float8Vector floats -> floats.setSafe(row, (double) cell);
      case BaseFixedWidthVector fixed -> {
        int width = fixed.getTypeWidth();
        ArrowBuf data = fixed.getDataBuffer();
        data.setBytes((long) row * width, littleEndian(cell, width));
        BitVectorHelper.setBit(fixed.getValidityBuffer(), row);
      }
      case VariableWidthFieldVector variable -> variable.setSafe(row, (byte[]) cell);
      default -> throw new IllegalArgumentException(vector.getField().toString());
    }
  }

  private static byte[] littleEndian(Object cell, int width) {
    if (cell instanceof byte[] bytes) {
      return bytes;
    }
    BigInteger number = cell instanceof Long small ? BigInteger.valueOf(small) : (BigInteger) cell;
    byte[] result = new byte[width];
    for (int i = 0; i < width; i++) {
      result[i] = number.shiftRight(i * Byte.SIZE).byteValue();
    }
    return result;
  }
}
