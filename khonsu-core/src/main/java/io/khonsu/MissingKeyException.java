package io.khonsu;

/** A row to update does not exist. */
public final class MissingKeyException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  MissingKeyException(String message) {
    super(message);
  }
}
