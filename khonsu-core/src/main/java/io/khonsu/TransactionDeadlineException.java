package io.khonsu;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The deadline passed, or the attempts ran out, before any attempt could commit: with a cause, it
 * collided with others; without, it waited in {@link Transaction#retry} for a change.
 */
public final class TransactionDeadlineException extends TransactionAbortedException {
  private static final long serialVersionUID = 1L;

  private final int attempts;

  TransactionDeadlineException(int attempts, Duration waited, @Nullable Throwable lastFailure) {
    super(
        "gave up after %d attempts in %s%s"
            .formatted(
                attempts, waited, lastFailure == null ? ", waiting for a change by others" : ""),
        lastFailure);
    this.attempts = attempts;
  }

  /** {@return how often the transaction was run} */
  public int attempts() {
    return attempts;
  }
}
