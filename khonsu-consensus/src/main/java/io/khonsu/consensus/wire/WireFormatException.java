package io.khonsu.consensus.wire;

/**
 * Bytes are not what a {@link WireFormat} writes, or a value is too large to be written. Whoever
 * receives such bytes drops them and, if it goes on, the connection they came by; whoever reads
 * them from a storage of its own has a damaged storage.
 */
public final class WireFormatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  WireFormatException(String message) {
    super(message);
  }

  WireFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
