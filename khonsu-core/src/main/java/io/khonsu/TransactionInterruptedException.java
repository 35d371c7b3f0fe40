package io.khonsu;

import java.io.Serial;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The thread was interrupted while its transaction waited for a change, or for its next attempt.
 * The thread's interrupt status stays set.
 */
public final class TransactionInterruptedException extends TransactionAbortedException {
  @Serial private static final long serialVersionUID = 1;

  TransactionInterruptedException(int attempts, Duration waited, @Nullable Throwable lastFailure) {
    super("interrupted after %d attempts in %s".formatted(attempts, waited), lastFailure);
  }
}
