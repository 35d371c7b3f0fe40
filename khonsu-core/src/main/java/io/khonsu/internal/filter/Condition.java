package io.khonsu.internal.filter;

import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.key.ColumnType;
import io.khonsu.internal.key.EncodedRange;
import java.util.Arrays;
import java.util.List;

/**
 * A condition on one row, in Kleene's logic of three values.
 *
 * <p>The values are ordered false, unknown, true, so that {@code and} is the least of its parts,
 * {@code or} the greatest, and {@code not} the mirror.
 */
sealed interface Condition {
  /** The row does not match. */
  int FALSE = 0;

  /** A null decides: the row does not match, nor the negation. */
  int UNKNOWN = 1;

  /** The row matches. */
  int TRUE = 2;

  /** {@return {@link #FALSE}, {@link #UNKNOWN} or {@link #TRUE}} */
  int test(ColumnView[] columns, int row);

  private static int of(boolean truth) {
    return truth ? TRUE : FALSE;
  }

  /** Both ends belong to the interval; it is empty if {@code low} is above {@code high}. */
  record LongBetween(int column, LongSource source, long low, long high) implements Condition {
    @Override
    public int test(ColumnView[] columns, int row) {
      ColumnView cells = columns[column];
      if (cells.isNull(row)) {
        return UNKNOWN;
      }
      long value = source.get(cells, row);
      return of(value >= low && value <= high);
    }
  }

  /** Is it one of these, in ascending order. */
  final class LongIn implements Condition {
    private final int column;
    private final LongSource source;
    private final long[] sorted;

    LongIn(int column, LongSource source, long[] sorted) {
      this.column = column;
      this.source = source;
      this.sorted = sorted;
    }

    @Override
    public int test(ColumnView[] columns, int row) {
      ColumnView cells = columns[column];
      return cells.isNull(row)
          ? UNKNOWN
          : of(Arrays.binarySearch(sorted, source.get(cells, row)) >= 0);
    }
  }

  /** Is the cell within a range of bytes. */
  record BytesBetween(int column, ColumnType.OrderedBytes type, EncodedRange range)
      implements Condition {
    @Override
    public int test(ColumnView[] columns, int row) {
      ColumnView cells = columns[column];
      return cells.isNull(row) ? UNKNOWN : of(range.contains(type.ordered(cells, row)));
    }
  }

  /** Is the cell one of these, in ascending unsigned order. */
  final class BytesIn implements Condition {
    private final int column;
    private final ColumnType.OrderedBytes type;
    private final byte[][] sorted;

    BytesIn(int column, ColumnType.OrderedBytes type, byte[][] sorted) {
      this.column = column;
      this.type = type;
      this.sorted = sorted;
    }

    @Override
    public int test(ColumnView[] columns, int row) {
      ColumnView cells = columns[column];
      if (cells.isNull(row)) {
        return UNKNOWN;
      }
      byte[] cell = type.ordered(cells, row);
      return of(Arrays.binarySearch(sorted, cell, Arrays::compareUnsigned) >= 0);
    }
  }

  /** Is the cell null. */
  record IsNull(int column) implements Condition {
    @Override
    public int test(ColumnView[] columns, int row) {
      return of(columns[column].isNull(row));
    }
  }

  /** All of some. */
  record And(List<Condition> parts) implements Condition {
    @Override
    public int test(ColumnView[] columns, int row) {
      int least = TRUE;
      for (int i = 0; i < parts.size() && least != FALSE; i++) {
        least = Math.min(least, parts.get(i).test(columns, row));
      }
      return least;
    }
  }

  /** One of some. */
  record Or(List<Condition> parts) implements Condition {
    @Override
    public int test(ColumnView[] columns, int row) {
      int greatest = FALSE;
      for (int i = 0; i < parts.size() && greatest != TRUE; i++) {
        greatest = Math.max(greatest, parts.get(i).test(columns, row));
      }
      return greatest;
    }
  }

  /** None other. */
  record Not(Condition part) implements Condition {
    @Override
    public int test(ColumnView[] columns, int row) {
      return TRUE - part.test(columns, row);
    }
  }
}
