package io.khonsu.internal.arrow;

import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.ExtensionTypeVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FloatingPointVector;
import org.apache.arrow.vector.LargeVarBinaryVector;
import org.apache.arrow.vector.LargeVarCharVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ViewVarBinaryVector;
import org.apache.arrow.vector.ViewVarCharVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/** The cells of a live Arrow vector, read through Arrow's own accessors. */
public final class VectorColumnView implements ColumnView {
  private final Field field;
  private final FieldVector vector;

  /** Borrows {@code vector}. */
  public VectorColumnView(FieldVector vector) {
    this.field = vector.getField();
    this.vector =
        vector instanceof ExtensionTypeVector<?> extension
            ? (FieldVector) extension.getUnderlyingVector()
            : vector;
  }

  @Override
  public Field field() {
    return field;
  }

  @Override
  public boolean isNull(int row) {
    return vector.isNull(row);
  }

  @Override
  public long getLong(int row) {
    if (vector instanceof BitVector bits) {
      return bits.get(row);
    }
    boolean signed = !(field.getType() instanceof ArrowType.Int number) || number.getIsSigned();
    int width = lengthBytes(row);
    long at = (long) row * width;
    return switch (width) {
      case 1 ->
          signed ? vector.getDataBuffer().getByte(at) : vector.getDataBuffer().getByte(at) & 0xFF;
      case 2 ->
          signed
              ? vector.getDataBuffer().getShort(at)
              : vector.getDataBuffer().getShort(at) & 0xFFFF;
      case 4 ->
          signed
              ? vector.getDataBuffer().getInt(at)
              : Integer.toUnsignedLong(vector.getDataBuffer().getInt(at));
      default -> vector.getDataBuffer().getLong(at);
    };
  }

  @Override
  public double getDouble(int row) {
    return ((FloatingPointVector) vector).getValueAsDouble(row);
  }

  @Override
  public int lengthBytes(int row) {
    return vector instanceof BaseFixedWidthVector fixed ? fixed.getTypeWidth() : bytes(row).length;
  }

  @Override
  public void copyBytes(int row, byte[] target, int offset) {
    byte[] bytes = bytes(row);
    System.arraycopy(bytes, 0, target, offset, bytes.length);
  }

  private byte[] bytes(int row) {
    return switch (vector) {
      case VarCharVector text -> text.get(row);
      case LargeVarCharVector text -> text.get(row);
      case ViewVarCharVector text -> text.get(row);
      case VarBinaryVector binary -> binary.get(row);
      case LargeVarBinaryVector binary -> binary.get(row);
      case ViewVarBinaryVector binary -> binary.get(row);
      case BaseFixedWidthVector fixed -> {
        byte[] slot = new byte[fixed.getTypeWidth()];
        fixed.getDataBuffer().getBytes((long) row * slot.length, slot);
        yield slot;
      }
      default -> throw new IllegalStateException("no bytes in a cell of " + field);
    };
  }
}
