package io.khonsu;

import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.Serial;

/**
 * A durable store, or a node of a cluster, is not opened: {@link #reason} and the message say why,
 * and what to do. Nothing was changed.
 */
public final class OpenRefusedException extends StorageException {
  @Serial private static final long serialVersionUID = 1;

  private final Reason reason;

  OpenRefusedException(StorageRefusedException cause) {
    super(cause.reason() + ": " + cause.getMessage(), cause);
    this.reason = cause.reason();
  }

  /** {@return why} */
  public Reason reason() {
    return reason;
  }
}
