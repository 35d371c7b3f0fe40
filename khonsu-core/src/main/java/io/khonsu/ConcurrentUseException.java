package io.khonsu;

/** Two threads use one transaction at the same time: give each its own. */
public final class ConcurrentUseException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  ConcurrentUseException(String message) {
    super(message);
  }
}
