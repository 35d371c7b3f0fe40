package io.khonsu;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How one commit changed one item: a row of a row table, or a whole batch of a batch table.
 * Immutable, independent of any snapshot.
 */
public final class Change {
  /** What became of the item. */
  public enum Kind {
    /** It did not exist before. */
    INSERTED,
    /** It existed before and does so after. */
    UPDATED,
    /** It does not exist any more. */
    DELETED
  }

  private final List<Object> key;
  private final @Nullable List<Row> before;
  private final @Nullable List<Row> after;

  Change(List<Object> key, @Nullable List<Row> before, @Nullable List<Row> after) {
    this.key = key;
    this.before = before;
    this.after = after;
  }

  static Kind kindOf(boolean existedBefore, boolean existsAfter) {
    return existedBefore ? (existsAfter ? Kind.UPDATED : Kind.DELETED) : Kind.INSERTED;
  }

  /** {@return what became of the item} */
  public Kind kind() {
    return kindOf(before != null, after != null);
  }

  /** {@return the values of the key's columns; of a batch table the name} */
  public List<Object> key() {
    return key;
  }

  /** {@return the row as it was just before the commit; of a batch table the batch's first} */
  public Optional<Row> before() {
    return rowsBefore().stream().findFirst();
  }

  /** {@return the row as the commit left it; of a batch table the batch's first} */
  public Optional<Row> after() {
    return rowsAfter().stream().findFirst();
  }

  /** {@return the rows of the item just before the commit; none if it did not exist} */
  public List<Row> rowsBefore() {
    return before == null ? List.of() : before;
  }

  /** {@return the rows of the item as the commit left it; none if it exists no more} */
  public List<Row> rowsAfter() {
    return after == null ? List.of() : after;
  }

  @Override
  public String toString() {
    return "%s %s: %s -> %s".formatted(kind(), key, rowsBefore(), rowsAfter());
  }
}
