package io.khonsu.internal.filter;

import io.khonsu.Literal;
import io.khonsu.RowFilter;
import io.khonsu.RowFilter.Operand;
import io.khonsu.RowFilter.Operator;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.key.ColumnType;
import io.khonsu.internal.key.EncodedRange;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * A row filter whose columns are found and whose constants are in the columns' own form. Immutable
 * and thread-safe.
 *
 * <p>Every comparison has become an interval: of longs for numbers, dates and times, of bytes for
 * strings, binary and decimals. Testing longs allocates nothing; testing bytes copies the cell.
 */
public final class CompiledFilter {
  private final Condition condition;
  private final int[] columnIndexes;

  private CompiledFilter(Condition condition, int[] columnIndexes) {
    this.condition = condition;
    this.columnIndexes = columnIndexes;
  }

  /**
   * Makes a filter ready for the rows of a table.
   *
   * @throws IllegalArgumentException if the filter takes more than {@link
   *     RowFilter#SIZE_MAX_BYTES}, names a column that the schema does not have once, compares one
   *     whose type has no order, or compares it with a constant that it cannot hold
   */
  public static CompiledFilter compile(RowFilter filter, Schema schema) {
    filter.encode(); // only for its size check: a filter too long to be sent must fail here as well
    Compiler compiler = new Compiler(schema);
    Condition condition = compiler.compile(filter);
    return new CompiledFilter(
        condition, compiler.used.stream().mapToInt(Integer::intValue).toArray());
  }

  /** {@return the indexes of the columns that are looked at, ascending; a copy} */
  public int[] columnIndexes() {
    return columnIndexes.clone();
  }

  /**
   * {@return whether a row matches: the condition is true, not unknown}
   *
   * @param columns the columns of a batch, in the order of the schema; those that are not looked at
   *     are not touched
   */
  public boolean test(ColumnView[] columns, int row) {
    return condition.test(columns, row) == Condition.TRUE;
  }

  /** One compilation. */
  private static final class Compiler {
    private final Schema schema;
    private final TreeSet<Integer> used = new TreeSet<>();

    Compiler(Schema schema) {
      this.schema = schema;
    }

    Condition compile(RowFilter filter) {
      return switch (filter) {
        case RowFilter.Comparison(var operand, var operator, var constant) ->
            compare(operand, operator, constant);
        case RowFilter.In(var operand, var constants) -> in(operand, constants);
        case RowFilter.StartsWith(var column, var prefix) -> startsWith(column, prefix);
        case RowFilter.IsNull(var column) -> new Condition.IsNull(indexOf(column.name()));
        case RowFilter.And(var parts) -> new Condition.And(compile(parts));
        case RowFilter.Or(var parts) -> new Condition.Or(compile(parts));
        case RowFilter.Not(var part) -> new Condition.Not(compile(part));
      };
    }

    private List<Condition> compile(List<RowFilter> parts) {
      return parts.stream().map(this::compile).toList();
    }

    private Condition compare(Operand operand, Operator operator, Literal constant) {
      int column = indexOf(operand.name());
      ColumnType type = typeOf(column);
      Condition interval =
          switch (type) {
            case ColumnType.OrderedLong longs -> {
              LongSource source = source(operand, longs);
              yield longInterval(column, source, operator, source.ordered(constant));
            }
            case ColumnType.OrderedBytes bytes -> {
              requireColumn(operand, type);
              yield new Condition.BytesBetween(
                  column, bytes, bytesInterval(operator, bytes.ordered(constant)));
            }
          };
      return operator == Operator.NE ? new Condition.Not(interval) : interval;
    }

    private static Condition longInterval(
        int column, LongSource source, Operator operator, long constant) {
      long least = Long.MIN_VALUE;
      long greatest = Long.MAX_VALUE;
      Condition.LongBetween nothing = new Condition.LongBetween(column, source, greatest, least);
      return switch (operator) {
        case EQ, NE -> new Condition.LongBetween(column, source, constant, constant);
        case LE -> new Condition.LongBetween(column, source, least, constant);
        case GE -> new Condition.LongBetween(column, source, constant, greatest);
        case LT ->
            constant == least
                ? nothing
                : new Condition.LongBetween(column, source, least, constant - 1);
        case GT ->
            constant == greatest
                ? nothing
                : new Condition.LongBetween(column, source, constant + 1, greatest);
      };
    }

    private static EncodedRange bytesInterval(Operator operator, byte[] constant) {
      byte[] least = {};
      return switch (operator) {
        case EQ, NE -> EncodedRange.single(constant);
        case LT -> EncodedRange.of(least, constant);
        case LE -> EncodedRange.of(least, EncodedRange.successor(constant));
        case GT -> EncodedRange.of(EncodedRange.successor(constant), null);
        case GE -> EncodedRange.of(constant, null);
      };
    }

    private Condition in(Operand operand, List<Literal> constants) {
      int column = indexOf(operand.name());
      ColumnType type = typeOf(column);
      Condition in =
          switch (type) {
            case ColumnType.OrderedLong longs -> {
              LongSource source = source(operand, longs);
              long[] sorted = constants.stream().mapToLong(source::ordered).sorted().toArray();
              yield new Condition.LongIn(column, source, sorted);
            }
            case ColumnType.OrderedBytes bytes -> {
              requireColumn(operand, type);
              byte[][] sorted =
                  constants.stream()
                      .map(bytes::ordered)
                      .sorted(Arrays::compareUnsigned)
                      .toArray(byte[][]::new);
              yield new Condition.BytesIn(column, bytes, sorted);
            }
          };
      return constants.isEmpty() ? new Condition.Or(List.of()) : in;
    }

    private Condition startsWith(RowFilter.Column operand, Literal prefix) {
      int column = indexOf(operand.name());
      return switch (typeOf(column)) {
        case ColumnType.Bytes bytes ->
            new Condition.BytesBetween(column, bytes, EncodedRange.prefix(bytes.ordered(prefix)));
        case ColumnType.FixedBytes bytes ->
            new Condition.BytesBetween(
                column, bytes, EncodedRange.prefix(bytes.orderedPrefix(prefix)));
        case ColumnType other ->
            throw new IllegalArgumentException(
                "column %s cannot start with %s: it is neither string nor binary"
                    .formatted(ColumnType.describe(other.field()), prefix));
      };
    }

    private LongSource source(Operand operand, ColumnType.OrderedLong type) {
      return switch (operand) {
        case RowFilter.Column _ -> new LongSource.Cell(type);
        case RowFilter.Remainder(_, long divisor) -> {
          if (!(type.field().getType() instanceof ArrowType.Int number)) {
            throw noRemainder(type);
          }
          boolean unsigned = !number.getIsSigned() && number.getBitWidth() == Long.SIZE;
          yield new LongSource.Remainder(type.field(), divisor, unsigned);
        }
      };
    }

    private static void requireColumn(Operand operand, ColumnType type) {
      if (operand instanceof RowFilter.Remainder) {
        throw noRemainder(type);
      }
    }

    private static IllegalArgumentException noRemainder(ColumnType type) {
      return new IllegalArgumentException(
          "column %s has no remainder: it is no integer"
              .formatted(ColumnType.describe(type.field())));
    }

    private ColumnType typeOf(int column) {
      Field field = schema.getFields().get(column);
      return ColumnType.of(field)
          .orElseThrow(() ->
              new IllegalArgumentException(
                  "column %s cannot be compared".formatted(ColumnType.describe(field))));
    }

    private int indexOf(String name) {
      int index = ColumnType.indexOf(schema, name);
      used.add(index);
      return index;
    }
  }
}
