package io.khonsu;

import org.jspecify.annotations.Nullable;

/** The storage failed while committing: after reopening the commit may be there or not. */
public final class CommitOutcomeUnknownException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final long transactionId;

  CommitOutcomeUnknownException(long transactionId, @Nullable Throwable cause) {
    super(
        Retry.AFTER_LOOKUP,
        "the outcome of transaction %d is unknown, the store has stopped".formatted(transactionId),
        cause);
    this.transactionId = transactionId;
  }

  /** {@return the id of the transaction} */
  public long transactionId() {
    return transactionId;
  }
}
