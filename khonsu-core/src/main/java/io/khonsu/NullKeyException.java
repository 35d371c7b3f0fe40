package io.khonsu;

import java.io.Serial;

/** A null in a key column, or as a value of a key. Give the row, or the call, a key. */
public final class NullKeyException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  /** For the store's own use. */
  public NullKeyException(String message) {
    super(message);
  }
}
