package io.khonsu;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The deadline passed, or the attempts ran out, before any attempt could commit. */
public final class TransactionDeadlineException extends TransactionAbortedException {
  private static final long serialVersionUID = 1L;

  private final int attempts;

  TransactionDeadlineException(int attempts, Duration waited, @Nullable Throwable lastFailure) {
    super("gave up after %d attempts in %s".formatted(attempts, waited), lastFailure);
    this.attempts = attempts;
  }

  /** {@return how often the transaction was run} */
  public int attempts() {
    return attempts;
  }
}
