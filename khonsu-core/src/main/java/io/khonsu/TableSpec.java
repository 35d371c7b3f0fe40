package io.khonsu;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * What a table is to be. Immutable.
 *
 * @param name not blank, at most 255 characters, none of them a control character; upper and lower
 *     case differ
 * @param schema the columns, at least one
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
   * @throws IllegalArgumentException if the name is not as said above, there is no column, or a
   *     batch table has several row key columns
   */
  public TableSpec {
    Objects.requireNonNull(schema, "schema");
    Objects.requireNonNull(kind, "kind");
    keyColumns = List.copyOf(keyColumns);
    if (name.isBlank() || name.length() > NAME_LENGTH_MAX) {
      throw new IllegalArgumentException(
          "a table's name must have 1 to %d characters, and not only blanks, but is %s"
              .formatted(NAME_LENGTH_MAX, Literal.of(name)));
    }
    if (name.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "a table's name must not have control characters, but is " + Literal.of(name));
    }
    Literal.wellFormed(name);
    if (schema.getFields().isEmpty()) {
      throw new IllegalArgumentException("table \"%s\" needs at least one column".formatted(name));
    }
    if (kind == Kind.BATCHES && keyColumns.size() > 1) {
      throw new IllegalArgumentException(
          "batch table \"%s\" can have one row key column, but is given %s"
              .formatted(name, keyColumns));
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

  /**
   * {@return this row table with its primary key, of at least one column}
   *
   * @throws IllegalStateException if it is a batch table
   */
  public TableSpec primaryKey(String... columns) {
    checkKind(Kind.ROWS, "a primary key");
    return new TableSpec(name, schema, Kind.ROWS, List.of(columns));
  }

  /**
   * {@return this batch table with the column by which APPEND recognises rows: those of the
   * appended batch replace those with an equal value, others are added} Without it APPEND
   * concatenates.
   *
   * @throws IllegalStateException if it is a row table
   */
  public TableSpec rowKey(String column) {
    checkKind(Kind.BATCHES, "a row key");
    return new TableSpec(name, schema, Kind.BATCHES, List.of(column));
  }

  /** {@return the column by which APPEND recognises rows of a batch table} */
  public Optional<String> rowKey() {
    return kind == Kind.BATCHES ? keyColumns.stream().findFirst() : Optional.empty();
  }

  private void checkKind(Kind wanted, String what) {
    if (kind != wanted) {
      throw new IllegalStateException(
          "only %s tables have %s, \"%s\" is one of %s".formatted(wanted, what, name, kind));
    }
  }
}
