package io.khonsu;

/** The {@link io.khonsu.spi.Storage} refused this commit; others, and the memory, are unharmed. */
public final class StorageRejectedException extends TransactionAbortedException {
  private static final long serialVersionUID = 1L;

  StorageRejectedException(long transactionId, Throwable cause) {
    super("storage refused transaction %d: %s".formatted(transactionId, cause.getMessage()), cause);
  }
}
