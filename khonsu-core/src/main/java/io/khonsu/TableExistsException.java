package io.khonsu;

/** A table of that name exists. */
public final class TableExistsException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  TableExistsException(String message) {
    super(message);
  }
}
