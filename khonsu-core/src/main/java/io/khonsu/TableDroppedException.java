package io.khonsu;

/** The table was dropped: get or create it anew. */
public final class TableDroppedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  TableDroppedException(String message) {
    super(message);
  }
}
