package io.khonsu;

import java.io.Serial;

/**
 * {@link Transaction#retry} would wait for ever: the transaction has read nothing that could
 * change, or nobody runs it again. Read before you retry, inside {@link Khonsu#transact} or {@link
 * Khonsu#run}, or in the first alternative of {@link Transaction#orElse}.
 */
public final class RetryImpossibleException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1;

  RetryImpossibleException(String message) {
    super(message);
  }
}
