package io.khonsu;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One row as natural Java values. Immutable and independent of any transaction; holds no memory
 * that must be released.
 *
 * <p>The Java types: {@code Boolean}, {@code Byte} to {@code Long} for integers, {@code Float} and
 * {@code Double}, {@code BigDecimal}, {@code String}, {@code byte[]}, {@code LocalDate}, {@code
 * LocalTime}, {@code LocalDateTime} for timestamps without a zone and {@code Instant} for those
 * with one, {@code Duration}, {@code Period}, {@code List}, {@code Map} for structs and maps. A
 * number written may have any of the integer types that it fits in.
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
    return values[shape.indexOf(column)];
  }

  /** {@return whether the value of a column is null} */
  public boolean isNull(String column) {
    return get(column) == null;
  }

  /** {@return the value of an integer column; see {@link #get}} */
  public long getLong(String column) {
    return require(column, Number.class).longValue();
  }

  /** {@return the value of an integer column that fits an int; see {@link #get}} */
  public int getInt(String column) {
    return Math.toIntExact(getLong(column));
  }

  /** {@return the value of a numeric column; see {@link #get}} */
  public double getDouble(String column) {
    return require(column, Number.class).doubleValue();
  }

  /** {@return the value of a boolean column; see {@link #get}} */
  public boolean getBoolean(String column) {
    return require(column, Boolean.class);
  }

  /** {@return the value of a string column; see {@link #get}} */
  public String getString(String column) {
    return require(column, String.class);
  }

  /** {@return this row with another value in a column it has} */
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
      throw new IllegalStateException(
          "column \"%s\" holds %s, not a %s"
              .formatted(column, value == null ? "null" : value, type.getSimpleName()));
    }
    return type.cast(value);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Row row
        && names().equals(row.names())
        && Arrays.deepEquals(values, row.values);
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(values);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("(");
    for (int i = 0; i < values.length; i++) {
      String value = Arrays.deepToString(new @Nullable Object[] {values[i]});
      text.append(i == 0 ? "" : ", ").append(names().get(i)).append('=');
      text.append(value, 1, value.length() - 1);
    }
    return text.append(')').toString();
  }
}
