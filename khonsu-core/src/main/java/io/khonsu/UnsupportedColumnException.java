package io.khonsu;

import java.io.Serial;

/**
 * A column that cannot be stored. The message names the column, its type and what to declare
 * instead.
 */
public final class UnsupportedColumnException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  /** For the store's own use. */
  public UnsupportedColumnException(String path, Object type, String reason) {
    super("column '" + path + "' of type " + type + " is not supported: " + reason);
  }
}
