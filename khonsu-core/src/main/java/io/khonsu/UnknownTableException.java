package io.khonsu;

/** There is no such table, or the handle is of another store. */
public final class UnknownTableException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  UnknownTableException(String message) {
    super(message);
  }
}
