package io.khonsu;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An immutable condition on the columns of a row, evaluated alike everywhere: it depends on the row
 * alone, not on time, locale or order.
 *
 * <p>For example {@code RowFilter.column("delay").greaterThan(30)}, with {@code
 * .and(RowFilter.column("origin").in("SFO", "LAX"))} after it.
 *
 * <p>Conditions are true, false or unknown, as in SQL: whatever is compared with a null cell is
 * unknown, {@code not} keeps it so, {@code and} is false if a part is false, else unknown if a part
 * is unknown, {@code or} likewise with true. A row matches where the condition is true.
 *
 * <p>Numbers compare by value; floating point NaN equals itself and is above everything else, and
 * {@code -0.0} equals {@code 0.0}. Strings compare by code points, binary by unsigned bytes, false
 * is below true. Constants are of the types that {@link Literal#of} takes; whether a table has the
 * columns, and these can hold the constants, is checked where the filter meets the table.
 */
public sealed interface RowFilter {
  /** The most levels of conditions within conditions. */
  int DEPTH_MAX = 64;

  /** The most bytes that {@link #encode} gives. */
  int SIZE_MAX_BYTES = 64 * 1024;

  /** How an operand is compared with a constant. */
  enum Operator {
    /** Equal. */
    EQ("="),
    /** Not equal. */
    NE("<>"),
    /** Less than. */
    LT("<"),
    /** Less than or equal. */
    LE("<="),
    /** Greater than. */
    GT(">"),
    /** Greater than or equal. */
    GE(">=");

    private final String sign;

    Operator(String sign) {
      this.sign = sign;
    }
  }

  /** What is computed from one row, to be compared. */
  sealed interface Operand {
    /** {@return the name of the column that it is computed from} */
    String name();

    /** {@return whether this equals {@code constant}} */
    default RowFilter eq(Object constant) {
      return new Comparison(this, Operator.EQ, Literal.of(constant));
    }

    /** {@return whether this differs from {@code constant}} */
    default RowFilter ne(Object constant) {
      return new Comparison(this, Operator.NE, Literal.of(constant));
    }

    /** {@return whether this is below {@code constant}} */
    default RowFilter lessThan(Object constant) {
      return new Comparison(this, Operator.LT, Literal.of(constant));
    }

    /** {@return whether this is {@code constant} or below} */
    default RowFilter atMost(Object constant) {
      return new Comparison(this, Operator.LE, Literal.of(constant));
    }

    /** {@return whether this is above {@code constant}} */
    default RowFilter greaterThan(Object constant) {
      return new Comparison(this, Operator.GT, Literal.of(constant));
    }

    /** {@return whether this is {@code constant} or above} */
    default RowFilter atLeast(Object constant) {
      return new Comparison(this, Operator.GE, Literal.of(constant));
    }

    /** {@return whether this equals one of {@code constants}} */
    default RowFilter in(Object... constants) {
      return new In(this, Literal.listOf(Arrays.asList(constants)));
    }

    /** {@return whether this equals one of {@code constants}} */
    default RowFilter in(Collection<?> constants) {
      return new In(this, Literal.listOf(List.copyOf(constants)));
    }
  }

  /** The cell of a column. */
  record Column(String name) implements Operand {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z_0-9]*");

    /** Checks that the name can be encoded. */
    public Column {
      Literal.wellFormed(name);
    }

    /** {@return the remainder of an integer column's cell, divided by {@code divisor}} */
    public Remainder mod(long divisor) {
      return new Remainder(this, divisor);
    }

    /** {@return whether the string or binary begins with {@code prefix}} */
    public RowFilter startsWith(Object prefix) {
      return new StartsWith(this, Literal.of(prefix));
    }

    /** {@return whether the cell is null; never unknown} */
    public RowFilter isNull() {
      return new IsNull(this);
    }

    /** {@return whether the cell is not null; never unknown} */
    public RowFilter isNotNull() {
      return new Not(new IsNull(this));
    }

    @Override
    public String toString() {
      return PLAIN.matcher(name).matches() ? name : Literal.of(name).toString();
    }
  }

  /**
   * What remains of an integer, divided by {@code divisor}: with the integer's sign, as in SQL and
   * Java.
   *
   * @param divisor 1 or more
   */
  record Remainder(Column column, long divisor) implements Operand {
    /** Checks the divisor. */
    public Remainder {
      if (divisor < 1) {
        throw new IllegalArgumentException(
            "the divisor of column \"%s\" is %d, it must be 1 or more"
                .formatted(column.name(), divisor));
      }
    }

    @Override
    public String name() {
      return column.name();
    }

    @Override
    public String toString() {
      return column + " % " + divisor;
    }
  }

  /** Whether an operand compares so with a constant; unknown for null. */
  record Comparison(Operand operand, Operator operator, Literal constant) implements RowFilter {
    @Override
    public String toString() {
      return operand + " " + operator.sign + " " + constant;
    }
  }

  /** Whether an operand equals one of some constants; false if there are none, unknown for null. */
  record In(Operand operand, List<Literal> constants) implements RowFilter {
    /** Copies. */
    public In {
      constants = List.copyOf(constants);
    }

    @Override
    public String toString() {
      return constants.stream()
          .map(Literal::toString)
          .collect(Collectors.joining(", ", operand + " in (", ")"));
    }
  }

  /** Whether a string or binary begins with a constant; unknown for null. */
  record StartsWith(Column column, Literal prefix) implements RowFilter {
    @Override
    public String toString() {
      return column + " starts with " + prefix;
    }
  }

  /** Whether a cell is null. */
  record IsNull(Column column) implements RowFilter {
    @Override
    public String toString() {
      return column + " is null";
    }
  }

  /** Whether all parts are true; true if there are none. */
  record And(List<RowFilter> parts) implements RowFilter {
    /** Checks and copies. */
    public And {
      parts = List.copyOf(parts);
      FilterCodec.checkDepth(parts);
    }

    @Override
    public String toString() {
      return parts.isEmpty() ? "true" : joined(parts, " and ");
    }
  }

  /** Whether a part is true; false if there are none. */
  record Or(List<RowFilter> parts) implements RowFilter {
    /** Checks and copies. */
    public Or {
      parts = List.copyOf(parts);
      FilterCodec.checkDepth(parts);
    }

    @Override
    public String toString() {
      return parts.isEmpty() ? "false" : joined(parts, " or ");
    }
  }

  /** Whether a part is false. */
  record Not(RowFilter part) implements RowFilter {
    /** Checks. */
    public Not {
      FilterCodec.checkDepth(List.of(part));
    }

    @Override
    public String toString() {
      return part instanceof IsNull(var column) ? column + " is not null" : "not (" + part + ")";
    }
  }

  /** {@return the cell of the column {@code name}, to be compared} */
  static Column column(String name) {
    return new Column(name);
  }

  /** {@return the condition that every row matches} */
  static RowFilter all() {
    return new And(List.of());
  }

  /** {@return whether all of {@code parts} are true} */
  static RowFilter allOf(List<RowFilter> parts) {
    return parts.size() == 1 ? parts.getFirst() : new And(parts);
  }

  /** {@return whether one of {@code parts} is true} */
  static RowFilter anyOf(List<RowFilter> parts) {
    return parts.size() == 1 ? parts.getFirst() : new Or(parts);
  }

  /**
   * {@return the filter that {@link #encode} made these bytes from}
   *
   * @throws MalformedFilterException if they are not such bytes, or of an unknown version
   */
  static RowFilter decode(byte[] encoded) {
    return FilterCodec.decode(encoded);
  }

  /**
   * {@return whether this and {@code other} are true}
   *
   * @throws IllegalArgumentException if it would be deeper than {@link #DEPTH_MAX}
   */
  default RowFilter and(RowFilter other) {
    return new And(
        Stream.of(this, other)
            .flatMap(part -> part instanceof And(var parts) ? parts.stream() : Stream.of(part))
            .toList());
  }

  /**
   * {@return whether this or {@code other} is true}
   *
   * @throws IllegalArgumentException if it would be deeper than {@link #DEPTH_MAX}
   */
  default RowFilter or(RowFilter other) {
    return new Or(
        Stream.of(this, other)
            .flatMap(part -> part instanceof Or(var parts) ? parts.stream() : Stream.of(part))
            .toList());
  }

  /**
   * {@return whether this is false}
   *
   * @throws IllegalArgumentException if it would be deeper than {@link #DEPTH_MAX}
   */
  default RowFilter not() {
    return this instanceof Not(var part) ? part : new Not(this);
  }

  /**
   * {@return the bytes of this filter: equal filters have equal bytes}
   *
   * @throws IllegalArgumentException if they are more than {@link #SIZE_MAX_BYTES}
   */
  default byte[] encode() {
    return FilterCodec.encode(this);
  }

  private static String joined(List<RowFilter> parts, String word) {
    return parts.stream()
        .map(part -> part instanceof And || part instanceof Or ? "(" + part + ")" : part.toString())
        .collect(Collectors.joining(word));
  }
}
