package io.khonsu;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A batch that is not valid Arrow data of its table's schema. The message names the first fault by
 * column and row: correct it and write the batch again; the transaction goes on without it.
 */
public final class InvalidBatchException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  /** For the store's own use. */
  public InvalidBatchException(String message) {
    this(message, null);
  }

  /** For the store's own use. */
  public InvalidBatchException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
