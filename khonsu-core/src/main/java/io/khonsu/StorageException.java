package io.khonsu;

import org.jspecify.annotations.Nullable;

/**
 * The storage failed in a way that leaves its state unknown, or the node of a cluster that the
 * store is on has failed: the store has stopped. Or it could not read a part of it back, as the
 * message says, and goes on with the rest. Reopen it.
 */
public sealed class StorageException extends StoreException
    permits CorruptionException, OpenRefusedException {
  private static final long serialVersionUID = 1L;

  StorageException(String message, @Nullable Throwable cause) {
    super(Retry.NEVER, message, cause);
  }
}
