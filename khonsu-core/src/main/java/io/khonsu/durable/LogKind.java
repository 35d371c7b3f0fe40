package io.khonsu.durable;

import io.khonsu.spi.DamagedStorageException;

/** Where the commits of a durable store are logged. */
public enum LogKind {
  /** In a key-value store of the engine, as the state is. */
  ENGINE,
  /** In plain files, filled with zeros in advance: faster for large commits and many threads. */
  SEGMENTS;

  int code() {
    return switch (this) {
      case ENGINE -> 1;
      case SEGMENTS -> 2;
    };
  }

  static LogKind of(int code) throws DamagedStorageException {
    return switch (code) {
      case 1 -> ENGINE;
      case 2 -> SEGMENTS;
      default -> throw new DamagedStorageException("there is no log of kind " + code);
    };
  }
}
