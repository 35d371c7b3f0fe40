package io.khonsu;

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

  /** {@return this scan with these columns only, in this order} */
  public Scan columns(String... names) {
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
}
