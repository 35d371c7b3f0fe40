package io.khonsu.internal.arrow;

/** A batch from outside is not valid Arrow data of its table's schema; correct it and try again. */
public final class InvalidBatchException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  InvalidBatchException(String message) {
    super(message);
  }

  InvalidBatchException(String message, Throwable cause) {
    super(message, cause);
  }
}
