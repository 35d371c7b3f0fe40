package io.khonsu;

import java.io.Serial;

/**
 * A row cannot be merged as asked: a counter overflows, a column that must not be null has no value
 * in a new row, or a {@link MergeFunction} threw or returned what is no row of the table. The cause
 * says which. Thrown by {@link Transaction#merge} or a read, the transaction goes on without what
 * was refused; thrown by {@link Transaction#commit}, nothing has changed.
 */
public final class MergeFailedException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1;

  private final String table;
  private final String key;

  MergeFailedException(String table, String key, Merge merge, Throwable cause) {
    super(
        "%s cannot be merged into row %s of table \"%s\": %s"
            .formatted(merge, key, table, cause.getMessage()),
        cause);
    this.table = table;
    this.key = key;
  }

  /** {@return the name of the table} */
  public String table() {
    return table;
  }

  /** {@return the key of the row, readable} */
  public String key() {
    return key;
  }
}
