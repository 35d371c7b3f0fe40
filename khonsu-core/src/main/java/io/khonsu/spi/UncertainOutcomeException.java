package io.khonsu.spi;

import java.io.IOException;

/** The storage failed, and some of the commits given to it may have been persisted. */
public final class UncertainOutcomeException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception with what happened and why. */
  public UncertainOutcomeException(String message, Throwable cause) {
    super(message, cause);
  }
}
