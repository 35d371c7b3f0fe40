package io.khonsu;

import java.io.Serial;

/**
 * A key, a row, a batch or a transaction is larger than its limit in {@link StoreConfig}: write
 * less at a time, or raise the limit. The transaction goes on without what was refused.
 */
public final class LimitExceededException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  private final long sizeBytes;
  private final long limitBytes;

  /** For the store's own use. */
  public LimitExceededException(String subject, long sizeBytes, String setting, long limitBytes) {
    super(
        "%s takes %d bytes, at most %d are allowed (%s)"
            .formatted(subject, sizeBytes, limitBytes, setting));
    this.sizeBytes = sizeBytes;
    this.limitBytes = limitBytes;
  }

  /** {@return the size that was refused} */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** {@return the largest size allowed} */
  public long limitBytes() {
    return limitBytes;
  }
}
