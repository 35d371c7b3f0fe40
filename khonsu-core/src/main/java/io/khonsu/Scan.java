package io.khonsu;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which rows and columns to read of a row table. Immutable. */
public final class Scan {
  private final KeyRange range;
  private final @Nullable List<String> columns;
  private final RowFilter filter;

  private Scan(KeyRange range, @Nullable List<String> columns, RowFilter filter) {
    this.range = range;
    this.columns = columns;
    this.filter = filter;
  }

  /** {@return a scan of all rows and columns} */
  public static Scan all() {
    return of(KeyRange.all());
  }

  /** {@return a scan of all columns of a range} */
  public static Scan of(KeyRange range) {
    return new Scan(Objects.requireNonNull(range, "range"), null, RowFilter.all());
  }

  /**
   * {@return this scan with these columns only, in this order}
   *
   * @throws IllegalArgumentException if one is named twice
   */
  public Scan columns(String... names) {
    for (int i = 0; i < names.length; i++) {
      if (Arrays.asList(names).indexOf(names[i]) < i) {
        throw new IllegalArgumentException("column \"%s\" is named twice".formatted(names[i]));
      }
    }
    return new Scan(range, List.of(names), filter);
  }

  /**
   * {@return this scan of the rows only that match {@code filter}} Under SERIALIZABLE a transaction
   * conflicts with changes to rows that match before or after, not with others.
   */
  public Scan where(RowFilter condition) {
    return new Scan(range, columns, Objects.requireNonNull(condition, "condition"));
  }

  /** {@return the range} */
  public KeyRange range() {
    return range;
  }

  /** {@return the names of the columns, or empty for all} */
  public Optional<List<String>> columns() {
    return Optional.ofNullable(columns);
  }

  /** {@return the filter} */
  public RowFilter filter() {
    return filter;
  }

  /** {@return the rows alone: a scan of them is called so where it collides} */
  Object rows() {
    return filter.equals(RowFilter.all()) ? range : new FilteredRange(range, filter);
  }

  private record FilteredRange(KeyRange range, RowFilter filter) {
    @Override
    public String toString() {
      return range + " where " + filter;
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Scan scan
        && range.equals(scan.range)
        && Objects.equals(columns, scan.columns)
        && filter.equals(scan.filter);
  }

  @Override
  public int hashCode() {
    return Objects.hash(range, columns, filter);
  }

  @Override
  public String toString() {
    return "Scan[%s of %s where %s]".formatted(columns == null ? "*" : columns, range, filter);
  }
}
