package io.khonsu;

import java.io.Serial;

/**
 * Blocks of a transaction are nested too deeply, for the limit or for the thread's stack: call
 * fewer inside each other.
 */
public final class NestingTooDeepException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1;

  NestingTooDeepException(String message) {
    super(message);
  }
}
