package io.khonsu;

/** The transaction has ended: begin a new one. */
public final class TransactionClosedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  TransactionClosedException(String message) {
    super(message);
  }
}
