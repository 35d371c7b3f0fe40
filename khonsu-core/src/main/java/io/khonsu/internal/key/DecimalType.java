package io.khonsu.internal.key;

import io.khonsu.Literal;
import io.khonsu.internal.arrow.ColumnView;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Optional;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * Decimals of 128 or 256 bits, put in order by the big-endian bytes of the unscaled value with the
 * sign bit flipped.
 */
record DecimalType(Field field, int sizeBytes, int precision, int scale)
    implements ColumnType.OrderedBytes {
  private static final int SIGN_BIT = 0x80;

  static Optional<ColumnType> of(Field field, ArrowType.Decimal type) {
    return switch (type.getBitWidth()) {
      case 128, 256 ->
          Optional.of(
              new DecimalType(
                  field, type.getBitWidth() / Byte.SIZE, type.getPrecision(), type.getScale()));
      default -> Optional.empty(); // Arrow's library stores and exports the narrow ones wrongly
    };
  }

  @Override
  public void ordered(ColumnView column, int row, byte[] target, int offset) {
    column.copyBytes(row, target, offset);
    for (int low = offset, high = offset + sizeBytes - 1; low < high; low++, high--) {
      byte swapped = target[low];
      target[low] = target[high];
      target[high] = swapped;
    }
    target[offset] ^= (byte) SIGN_BIT;
  }

  @Override
  public byte[] ordered(Literal constant) {
    BigDecimal number =
        switch (constant.value()) {
          case Long whole -> BigDecimal.valueOf(whole);
          case BigDecimal exact -> exact;
          default -> throw mismatch(constant);
        };
    // Without trailing zeros, its own scale tells whether the column's is enough. Zero suits any.
    number = number.stripTrailingZeros();
    if (number.signum() != 0 && (number.scale() > scale || digitsAtScale(number) > precision)) {
      throw mismatch(constant);
    }
    byte[] unscaled = number.setScale(scale).unscaledValue().toByteArray();
    if (unscaled.length > sizeBytes) { // a declared precision that the width cannot hold
      throw mismatch(constant);
    }
    byte[] result = new byte[sizeBytes];
    Arrays.fill(result, (byte) (number.signum() < 0 ? -1 : 0));
    System.arraycopy(unscaled, 0, result, sizeBytes - unscaled.length, unscaled.length);
    result[0] ^= (byte) SIGN_BIT;
    return result;
  }

  private long digitsAtScale(BigDecimal number) {
    return (long) number.precision() - number.scale() + scale;
  }

  @Override
  public Object value(byte[] ordered) {
    byte[] unscaled = ordered.clone();
    unscaled[0] ^= (byte) SIGN_BIT;
    return new BigDecimal(new BigInteger(unscaled), scale);
  }

  @Override
  public String expected() {
    return "a number of at most %d digits at scale %d".formatted(precision, scale);
  }
}
