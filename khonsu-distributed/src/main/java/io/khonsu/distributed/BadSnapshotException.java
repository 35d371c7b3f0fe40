package io.khonsu.distributed;

/**
 * What another node has sent is no snapshot that this one can become: the fault is with the other,
 * and nothing is wrong here.
 */
final class BadSnapshotException extends Exception {
  private static final long serialVersionUID = 1L;

  BadSnapshotException(String message) {
    super(message);
  }

  BadSnapshotException(Exception cause) {
    super(String.valueOf(cause.getMessage()), cause);
  }
}
