package io.khonsu;

import io.khonsu.internal.arrow.Contents;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One row as natural Java values. Independent of any transaction; holds no memory that must be
 * released. Immutable, as long as nobody changes a list or map that it was made of.
 *
 * <p>The Java types: {@code Boolean}, {@code Byte} to {@code Long} for integers, {@code Float} and
 * {@code Double}, {@code BigDecimal}, {@code String}, {@code byte[]}, {@code LocalDate}, {@code
 * LocalTime}, {@code LocalDateTime} for timestamps without a zone and {@code Instant} for those
 * with one, {@code Duration}, {@code Period} and Arrow's {@code PeriodDuration}, {@code UUID},
 * {@code List}, {@code Map} for structs and maps. Unsigned integers come as the next larger type,
 * those of 64 bits as {@code BigInteger}. A number written may have any of the integer types that
 * it fits in.
 *
 * <p>Two rows are equal if they have the same columns in the same order with equal values, byte
 * arrays by content; {@code 1} and {@code 1L} are not equal.
 */
public final class Row {
  private final RowShape shape;
  private final @Nullable Object[] values;

  Row(RowShape shape, @Nullable Object[] values) {
    if (values.length != shape.names().size()) {
      throw new IllegalArgumentException(
          "a row of %s has %d values, but %d were given"
              .formatted(shape.names(), shape.names().size(), values.length));
    }
    this.shape = shape;
    this.values = values;
    for (int i = 0; i < values.length; i++) {
      values[i] = copied(values[i]);
    }
  }

  /**
   * {@return a row of names and values in turn} Columns left out are null when it is written.
   *
   * @throws IllegalArgumentException if a name is not a string, or stands twice or without a value
   */
  public static Row of(@Nullable Object... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException(
          "names and values come in pairs, but there are " + namesAndValues.length);
    }
    Map<String, @Nullable Object> columns = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      if (!(namesAndValues[i] instanceof String name) || columns.containsKey(name)) {
        throw new IllegalArgumentException(
            "argument %d must be a new column name, but is %s".formatted(i, namesAndValues[i]));
      }
      columns.put(name, namesAndValues[i + 1]);
    }
    return new Row(new RowShape(List.copyOf(columns.keySet())), columns.values().toArray());
  }

  /** {@return the names of the columns} */
  public List<String> names() {
    return shape.names();
  }

  /**
   * {@return the value of a column, or null if it is null}
   *
   * @throws IllegalArgumentException if there is no such column
   */
  public @Nullable Object get(String column) {
    return copied(values[shape.indexOf(column)]);
  }

  /**
   * {@return the value of a column as a Java type, such as {@code BigDecimal.class}}
   *
   * @throws IllegalArgumentException if there is no such column
   * @throws IllegalStateException if the value is null or of another type
   */
  public <T> T get(String column, Class<T> type) {
    return require(column, type);
  }

  /** {@return whether the value of a column is null} */
  public boolean isNull(String column) {
    return get(column) == null;
  }

  /**
   * {@return the value of an integer column}
   *
   * @throws IllegalArgumentException if there is no such column
   * @throws IllegalStateException if the value is null or no integer; {@link #isNull} tells
   * @throws ArithmeticException if it does not fit
   */
  public long getLong(String column) {
    Number number = require(column, Number.class);
    return switch (number) {
      case Long _, Integer _, Short _, Byte _ -> number.longValue();
      case BigInteger big -> big.longValueExact();
      default -> throw wrongType(column, number, "an integer");
    };
  }

  /** {@return the value of an integer column as {@link #getLong}, if it fits an int} */
  public int getInt(String column) {
    return Math.toIntExact(getLong(column));
  }

  /** {@return the value of a numeric column, rounded; otherwise as {@link #getLong}} */
  public double getDouble(String column) {
    return require(column, Number.class).doubleValue();
  }

  /** {@return the value of a boolean column; otherwise as {@link #getLong}} */
  public boolean getBoolean(String column) {
    return require(column, Boolean.class);
  }

  /** {@return the value of a string column; otherwise as {@link #getLong}} */
  public String getString(String column) {
    return require(column, String.class);
  }

  /**
   * {@return this row with another value in a column it has}
   *
   * @throws IllegalArgumentException if there is no such column
   */
  public Row with(String column, @Nullable Object value) {
    @Nullable Object[] changed = values.clone();
    changed[shape.indexOf(column)] = value;
    return new Row(shape, changed);
  }

  @Nullable Object[] valuesFor(RowShape target) {
    if (target == shape) {
      return values;
    }
    @Nullable Object[] ordered = new Object[target.names().size()];
    for (int i = 0; i < values.length; i++) {
      ordered[target.indexOf(shape.names().get(i))] = values[i];
    }
    return ordered;
  }

  private <T> T require(String column, Class<T> type) {
    Object value = get(column);
    if (!type.isInstance(value)) {
      throw wrongType(column, value, "a " + type.getSimpleName());
    }
    return type.cast(value);
  }

  private static IllegalStateException wrongType(
      String column, @Nullable Object value, String wanted) {
    return new IllegalStateException(
        "column \"%s\" holds %s, not %s".formatted(column, text(value), wanted));
  }

  private static @Nullable Object copied(@Nullable Object value) {
    return value instanceof byte[] bytes ? bytes.clone() : value;
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case byte[] bytes -> "0x" + HexFormat.of().formatHex(bytes);
      case List<?> list -> list.stream().map(Row::text).collect(Collectors.joining(", ", "[", "]"));
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> text(entry.getKey()) + "=" + text(entry.getValue()))
              .collect(Collectors.joining(", ", "{", "}"));
      case null, default -> String.valueOf(value);
    };
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Row row
        && names().equals(row.names())
        && Objects.equals(
            Contents.comparable(Arrays.asList(values)),
            Contents.comparable(Arrays.asList(row.values)));
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(Contents.comparable(Arrays.asList(values)));
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("(");
    for (int i = 0; i < values.length; i++) {
      text.append(i == 0 ? "" : ", ").append(names().get(i)).append('=').append(text(values[i]));
    }
    return text.append(')').toString();
  }
}
