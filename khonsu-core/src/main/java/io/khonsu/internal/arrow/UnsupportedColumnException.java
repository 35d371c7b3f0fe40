package io.khonsu.internal.arrow;

/** A column's type cannot be stored; the message names the column, the type and what to declare. */
public final class UnsupportedColumnException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  UnsupportedColumnException(String path, Object type, String reason) {
    super("column '" + path + "' of type " + type + " is not supported: " + reason);
  }
}
