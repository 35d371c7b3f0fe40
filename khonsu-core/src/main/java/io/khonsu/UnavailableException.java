package io.khonsu;

import org.jspecify.annotations.Nullable;

/** The store is over a limit: make room, or try again later. */
public final class UnavailableException extends StoreException {
  private static final long serialVersionUID = 1L;

  UnavailableException(String message, @Nullable Throwable cause) {
    super(Retry.SAME_CALL_LATER, message, cause);
  }
}
