package io.khonsu;

/** A key, a row or a transaction is larger than the store allows. */
public final class LimitExceededException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  LimitExceededException(String message) {
    super(message);
  }
}
