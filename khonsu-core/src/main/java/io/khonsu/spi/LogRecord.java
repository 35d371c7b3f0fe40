package io.khonsu.spi;

import java.util.Arrays;
import java.util.Objects;

/** A commit as it stands in a {@link CommitLog}. Immutable, as nobody changes the bytes. */
public final class LogRecord {
  private final long version;
  private final byte[] bytes;

  /**
   * Creates a record.
   *
   * @param version the commit version, greater than 0
   * @param bytes what a {@link TransactionCodec} made, taken over
   */
  public LogRecord(long version, byte[] bytes) {
    if (version <= 0) {
      throw new IllegalArgumentException("version must be greater than 0, but is " + version);
    }
    this.version = version;
    this.bytes = Objects.requireNonNull(bytes, "bytes");
  }

  /** {@return the commit version} */
  public long version() {
    return version;
  }

  /** {@return the encoded transaction; nobody may change it} */
  public byte[] bytes() {
    return bytes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LogRecord that
        && version == that.version
        && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(version) + Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "commit " + version + " of " + bytes.length + " bytes";
  }
}
