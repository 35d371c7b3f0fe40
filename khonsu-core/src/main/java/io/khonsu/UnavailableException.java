package io.khonsu;

import org.jspecify.annotations.Nullable;

/**
 * The store is over its memory limit, and nothing has changed: end transactions, snapshots or
 * retained batches, or raise {@link StoreConfig#memoryLimitBytes}. Or, as the message says, the
 * disk of a durable store is full: make space; or a cluster does not answer; or a port is taken. A
 * reading call may then succeed in the same transaction; after a commit that failed so, run the
 * transaction again.
 */
public final class UnavailableException extends StoreException {
  private static final long serialVersionUID = 1L;

  UnavailableException(String message, @Nullable Throwable cause) {
    super(Retry.SAME_CALL_LATER, message, cause);
  }
}
