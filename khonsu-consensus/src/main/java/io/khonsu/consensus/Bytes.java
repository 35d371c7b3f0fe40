package io.khonsu.consensus;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** An immutable sequence of bytes, compared by content. */
public final class Bytes {
  /** No bytes. */
  public static final Bytes EMPTY = new Bytes(new byte[0]);

  private final byte[] bytes;

  private Bytes(byte[] bytes) {
    this.bytes = bytes;
  }

  /** {@return a copy of {@code bytes}} */
  public static Bytes copyOf(byte[] bytes) {
    return new Bytes(bytes.clone());
  }

  /** {@return a copy of a part of {@code bytes}} */
  public static Bytes copyOf(byte[] bytes, int offset, int length) {
    return new Bytes(Arrays.copyOfRange(bytes, offset, offset + length));
  }

  /** {@return how many bytes there are} */
  public int size() {
    return bytes.length;
  }

  /** {@return a copy of the bytes} */
  public byte[] toArray() {
    return bytes.clone();
  }

  /** {@return a read-only view} */
  public ByteBuffer asBuffer() {
    return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return bytes.length + " bytes";
  }
}
