package io.khonsu;

import org.jspecify.annotations.Nullable;

/** The transaction was not committed and left nothing behind: run it again. */
public sealed class TransactionAbortedException extends StoreException
    permits TransactionConflictException,
        TransactionDeadlineException,
        TransactionInterruptedException,
        SnapshotTooOldException,
        StorageRejectedException {
  private static final long serialVersionUID = 1L;

  TransactionAbortedException(String message, @Nullable Throwable cause) {
    super(Retry.NEW_TRANSACTION, message, cause);
  }
}
