package io.khonsu.internal.filter;

import io.khonsu.Literal;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.key.ColumnType;
import org.apache.arrow.vector.types.pojo.Field;

/** What a row gives to be compared, as a long whose signed order is that of the values. */
sealed interface LongSource {
  /** {@return what a cell gives that is not null} */
  long get(ColumnView column, int row);

  /**
   * {@return what a constant is compared as}
   *
   * @throws IllegalArgumentException if it cannot be compared with this
   */
  long ordered(Literal constant);

  /** The cell itself. */
  record Cell(ColumnType.OrderedLong type) implements LongSource {
    @Override
    public long get(ColumnView column, int row) {
      return type.ordered(column, row);
    }

    @Override
    public long ordered(Literal constant) {
      return type.ordered(constant);
    }
  }

  /** What remains of an integer; any whole number is a constant for it. */
  record Remainder(Field field, long divisor, boolean unsigned) implements LongSource {
    @Override
    public long get(ColumnView column, int row) {
      long dividend = column.getLong(row);
      return unsigned ? Long.remainderUnsigned(dividend, divisor) : dividend % divisor;
    }

    @Override
    public long ordered(Literal constant) {
      if (constant.value() instanceof Long number) {
        return number;
      }
      throw new IllegalArgumentException(
          "a remainder of column %s takes a whole number, not %s %s"
              .formatted(
                  ColumnType.describe(field),
                  constant.value().getClass().getSimpleName(),
                  constant));
    }
  }
}
