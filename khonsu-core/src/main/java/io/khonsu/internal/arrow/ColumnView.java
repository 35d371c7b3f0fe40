package io.khonsu.internal.arrow;

import org.apache.arrow.vector.types.pojo.Field;

/**
 * The cells of one top-level column of a batch, whatever memory holds them.
 *
 * <p>A view is borrowed: it is valid as long as its batch is. Reading a null cell through anything
 * but {@link #isNull} gives an unspecified value, never memory outside the batch. Thread-safe where
 * the batch is frozen.
 */
public interface ColumnView {
  /** {@return the field that this column was declared with} */
  Field field();

  /** {@return whether the cell is null} */
  boolean isNull(int row);

  /**
   * {@return the cell of a boolean (0 or 1), integer, date, time, timestamp, duration or year-month
   * interval column, sign- or zero-extended as its type says; an unsigned 64-bit value keeps its
   * bits}
   */
  long getLong(int row);

  /** {@return the cell of a 16-, 32- or 64-bit floating point column} */
  double getDouble(int row);

  /**
   * {@return the byte count of the cell: of its value for variable-width columns, of its slot for
   * fixed-width ones}
   */
  int lengthBytes(int row);

  /**
   * Copies the {@link #lengthBytes} bytes of the cell, as Arrow stores them (little-endian
   * numbers), to {@code target} from {@code offset} on.
   */
  void copyBytes(int row, byte[] target, int offset);
}
