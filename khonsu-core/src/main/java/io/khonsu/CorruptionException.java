package io.khonsu;

import org.jspecify.annotations.Nullable;

/** What the storage holds is not what was written to it: restore from a backup. */
public final class CorruptionException extends StorageException {
  private static final long serialVersionUID = 1L;

  CorruptionException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
