package io.khonsu.spi;

import java.io.IOException;

/** What the storage holds is not what was written to it. */
public final class DamagedStorageException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception that says where and what. */
  public DamagedStorageException(String message) {
    super(message);
  }
}
