package io.khonsu;

/** The root of what this store throws when the cause is not the caller's mistake. */
public abstract sealed class StoreException extends RuntimeException
    permits TransactionAbortedException,
        CommitOutcomeUnknownException,
        UnavailableException,
        WatchEndedException,
        StorageException,
        StoreClosedException {
  private static final long serialVersionUID = 1L;

  /** What a caller can do about an exception. */
  public enum Retry {
    /** Run the transaction again, as a new one. */
    NEW_TRANSACTION,
    /** The commit may have happened: find out before doing it again. */
    AFTER_LOOKUP,
    /** The same call may succeed later. */
    SAME_CALL_LATER,
    /** Nothing but to close the store. */
    NEVER
  }

  private final Retry retry;

  StoreException(Retry retry, String message, @org.jspecify.annotations.Nullable Throwable cause) {
    super(message, cause);
    this.retry = retry;
  }

  /** {@return what the caller can do about it} */
  public final Retry retry() {
    return retry;
  }
}
