package io.khonsu;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The storage failed while committing: after reopening the commit may be there or not. Or, in a
 * cluster, no answer came in time: it may have been applied, or may be until its outcome was asked
 * for.
 */
public final class CommitOutcomeUnknownException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final long transactionId;
  private final @Nullable Long commitId;

  CommitOutcomeUnknownException(long transactionId, @Nullable Throwable cause) {
    super(
        Retry.AFTER_LOOKUP,
        "the outcome of transaction %d is unknown, the store has stopped".formatted(transactionId),
        cause);
    this.transactionId = transactionId;
    this.commitId = null;
  }

  CommitOutcomeUnknownException(long transactionId, long commitId, String reason) {
    super(
        Retry.AFTER_LOOKUP,
        "the outcome of transaction %d is not known: %s; outcome(%d) of the store says it"
            .formatted(transactionId, reason, commitId),
        null);
    this.transactionId = transactionId;
    this.commitId = commitId;
  }

  /** {@return the id of the transaction} */
  public long transactionId() {
    return transactionId;
  }

  /**
   * {@return by what to ask {@link Store#outcome}; empty if the store is no part of a cluster, and
   * shows what became of it when it is opened again}
   */
  public Optional<Long> commitId() {
    return Optional.ofNullable(commitId);
  }
}
