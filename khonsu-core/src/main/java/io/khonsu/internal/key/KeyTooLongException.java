package io.khonsu.internal.key;

import java.io.Serial;

/** A primary key, or a bound of a key range, that takes more bytes than the table allows. */
public final class KeyTooLongException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  private final long sizeBytes;
  private final int limitBytes;

  KeyTooLongException(String subject, long sizeBytes, int limitBytes) {
    super("%s takes %d bytes, at most %d are allowed".formatted(subject, sizeBytes, limitBytes));
    this.sizeBytes = sizeBytes;
    this.limitBytes = limitBytes;
  }

  /** {@return the bytes that the key would take at least} */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** {@return the most bytes that a key of the table may take} */
  public int limitBytes() {
    return limitBytes;
  }
}
