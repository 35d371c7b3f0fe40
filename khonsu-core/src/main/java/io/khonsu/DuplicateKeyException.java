package io.khonsu;

/** A key occurs twice in one batch, or an inserted key exists already. */
public final class DuplicateKeyException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  DuplicateKeyException(String message) {
    super(message);
  }
}
