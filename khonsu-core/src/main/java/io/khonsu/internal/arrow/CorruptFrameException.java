package io.khonsu.internal.arrow;

/** The bytes of a frame are not what was written; fetch them from somewhere else. */
public final class CorruptFrameException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CorruptFrameException(String message) {
    super(message);
  }

  CorruptFrameException(String message, Throwable cause) {
    super(message, cause);
  }
}
