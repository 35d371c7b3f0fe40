package io.khonsu.spi;

import java.io.IOException;

/**
 * Too little space is left for commits; none of those given was persisted, and what was persisted
 * before is unharmed. The same call may succeed when space was made.
 */
public final class StorageFullException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception that says how much space there is, and how much is needed. */
  public StorageFullException(String message) {
    super(message);
  }
}
