package io.khonsu;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * What a table is to be. Immutable.
 *
 * @param name not blank, at most 255 characters
 * @param schema the columns
 * @param kind how items are told apart
 * @param keyColumns a row table's primary key, in order; a batch table's row key, or none
 */
public record TableSpec(String name, Schema schema, Kind kind, List<String> keyColumns) {
  /** How items are told apart. */
  public enum Kind {
    /** Every row is an item; its key is in its columns. */
    ROWS,
    /** Every item is a whole batch, named by a string. */
    BATCHES
  }

  private static final int NAME_LENGTH_MAX = 255;

  /**
   * Checks the name and copies the list.
   *
   * @throws IllegalArgumentException if the name is blank or too long
   */
  public TableSpec {
    Objects.requireNonNull(schema, "schema");
    Objects.requireNonNull(kind, "kind");
    keyColumns = List.copyOf(keyColumns);
    if (name.isBlank() || name.length() > NAME_LENGTH_MAX) {
      throw new IllegalArgumentException(
          "a table's name must have 1 to %d characters, but is \"%s\""
              .formatted(NAME_LENGTH_MAX, name));
    }
  }

  /** {@return a row table; name its {@link #primaryKey} next} */
  public static TableSpec rows(String name, Schema schema) {
    return new TableSpec(name, schema, Kind.ROWS, List.of());
  }

  /** {@return a batch table: a string names a whole batch of any number of rows} */
  public static TableSpec batches(String name, Schema schema) {
    return new TableSpec(name, schema, Kind.BATCHES, List.of());
  }

  /** {@return this row table with its primary key} */
  public TableSpec primaryKey(String... columns) {
    return new TableSpec(name, schema, Kind.ROWS, List.of(columns));
  }

  /**
   * {@return this batch table with the column by which APPEND recognises rows: those of the
   * appended batch replace those with an equal value, others are added} Without it APPEND
   * concatenates.
   */
  public TableSpec rowKey(String column) {
    return new TableSpec(name, schema, Kind.BATCHES, List.of(column));
  }

  /** {@return the column by which APPEND recognises rows of a batch table} */
  public Optional<String> rowKey() {
    return kind == Kind.BATCHES ? keyColumns.stream().findFirst() : Optional.empty();
  }
}
