package io.khonsu;

import java.io.Serial;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A hook threw, after all that the message says about the transaction had happened. All other hooks
 * ran. The cause is what the first one threw, the others' are suppressed; so is, last, why the
 * transaction was rolled back. Do not run a committed transaction again: {@link #receipt} tells.
 */
public final class HookFailedException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final transient @Nullable CommitReceipt receipt;

  HookFailedException(String message, Throwable cause, @Nullable CommitReceipt receipt) {
    super(message, cause);
    this.receipt = receipt;
  }

  /** {@return what was committed, or empty if the transaction was rolled back} */
  public Optional<CommitReceipt> receipt() {
    return Optional.ofNullable(receipt);
  }
}
