package io.khonsu.internal.key;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Adjacent byte strings, in unsigned lexicographic order: from a start, included, to an end,
 * excluded. Immutable, as long as nobody changes the arrays it hands out.
 */
public final class EncodedRange {
  private static final byte[] LEAST = {};
  private static final EncodedRange ALL = new EncodedRange(LEAST, null);
  private static final EncodedRange EMPTY = new EncodedRange(LEAST, LEAST);

  private final byte[] start;
  private final byte @Nullable [] end;

  private EncodedRange(byte[] start, byte @Nullable [] end) {
    this.start = start;
    this.end = end;
  }

  /** {@return every byte string} */
  public static EncodedRange all() {
    return ALL;
  }

  /** {@return no byte string} */
  public static EncodedRange empty() {
    return EMPTY;
  }

  /**
   * {@return the byte strings from {@code start}, included, to {@code end}, excluded; none if they
   * are the wrong way round}
   *
   * @param start borrowed for good: the caller must not change it
   * @param end likewise; null means without end
   */
  public static EncodedRange of(byte[] start, byte @Nullable [] end) {
    return end != null && Arrays.compareUnsigned(start, end) >= 0
        ? EMPTY
        : new EncodedRange(start, end);
  }

  /** {@return exactly {@code bytes}} */
  public static EncodedRange single(byte[] bytes) {
    return new EncodedRange(bytes, successor(bytes));
  }

  /** {@return the byte strings that begin with {@code prefix}} */
  public static EncodedRange prefix(byte[] prefix) {
    return new EncodedRange(prefix, afterPrefix(prefix));
  }

  /** {@return the least byte string above {@code bytes}} */
  public static byte[] successor(byte[] bytes) {
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  /**
   * {@return the least byte string above all that begin with {@code prefix}, or null if there is
   * none: the prefix is empty or all 0xFF}
   */
  public static byte @Nullable [] afterPrefix(byte[] prefix) {
    for (int length = prefix.length; length > 0; length--) {
      if (prefix[length - 1] != (byte) 0xFF) {
        byte[] result = Arrays.copyOf(prefix, length);
        result[length - 1]++;
        return result;
      }
    }
    return null;
  }

  /** {@return the first byte string of the range; not a copy} */
  public byte[] start() {
    return start;
  }

  /** {@return the first byte string above the range, null if it has no end; not a copy} */
  public byte @Nullable [] end() {
    return end;
  }

  /** {@return whether no byte string is in the range} */
  public boolean isEmpty() {
    return end != null && Arrays.equals(start, end);
  }

  /** {@return whether {@code bytes} is in the range} */
  public boolean contains(byte[] bytes) {
    return Arrays.compareUnsigned(start, bytes) <= 0
        && (end == null || Arrays.compareUnsigned(bytes, end) < 0);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EncodedRange that
        && Arrays.equals(start, that.start)
        && Arrays.equals(end, that.end);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(start) + Arrays.hashCode(end);
  }

  @Override
  public String toString() {
    HexFormat hex = HexFormat.of();
    return "[0x"
        + hex.formatHex(start)
        + ", "
        + (end == null ? "" : "0x" + hex.formatHex(end))
        + ")";
  }
}
