package io.khonsu.internal.key;

import java.io.Serial;

/** A null in a primary key column, whose cells and values must not be. */
public final class NullKeyException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  private NullKeyException(String message) {
    super(message);
  }

  static NullKeyException ofCell(String column, int row) {
    return new NullKeyException("key column \"%s\" is null in row %d".formatted(column, row));
  }

  static NullKeyException ofValue(String column) {
    return new NullKeyException("the value of key column \"%s\" is null".formatted(column));
  }
}
