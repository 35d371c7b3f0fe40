package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/**
 * The name of one data item: a string of bytes, ordered as unsigned bytes from left to right.
 *
 * <p>Immutable and thread-safe. A key made by {@link TxnBuffer#key} or {@link TxnBuffer#ref} is
 * equal to one made by {@link #of} from the same bytes, and spares that buffer work.
 */
public sealed class Key implements Comparable<Key> permits Chain {
  private static final VarHandle LITTLE_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle BIG_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  /** What {@link #tail} says of keys too long to stand in {@link #prefix} and itself. */
  private static final int LONG = 0xFF;

  private static final int SHORT_BYTES_MAX = 2 * Long.BYTES - 1;

  final byte[] bytes;
  final int hash;

  /** The first eight bytes, zeros where there are none: most comparisons spare the array's miss. */
  private final long prefix;

  /** The next seven bytes, then the length; so that equal longs mean equal short keys. */
  private final long tail;

  /** Takes {@code bytes} over: nobody may change them from here on. */
  Key(byte[] bytes) {
    this.bytes = bytes;
    this.hash = fold(hashOf(bytes));
    this.prefix = longAt(bytes, 0);
    this.tail =
        (longAt(bytes, Long.BYTES) & ~LONG)
            | (bytes.length <= SHORT_BYTES_MAX ? bytes.length : LONG);
  }

  /** {@return the key of these bytes, which are copied} */
  public static Key of(byte[] bytes) {
    return new Key(bytes.clone());
  }

  /** {@return a copy of the bytes} */
  public final byte[] toBytes() {
    return bytes.clone();
  }

  /** {@return the number of bytes} */
  public final int sizeBytes() {
    return bytes.length;
  }

  /** {@return the byte at a 0-based position} */
  public final byte byteAt(int index) {
    return bytes[index];
  }

  /** {@return a 64-bit hash, equal for equal keys in every process} */
  public final long hash64() {
    return hashOf(bytes);
  }

  /** {@return the smallest key that is greater than this one} */
  public final Key successor() {
    return new Key(Arrays.copyOf(bytes, bytes.length + 1));
  }

  @Override
  public final int compareTo(Key other) {
    return prefix != other.prefix
        ? Long.compareUnsigned(prefix, other.prefix)
        : Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public final boolean equals(Object other) {
    return other instanceof Key key && sameAs(key);
  }

  @SuppressWarnings("ReferenceEquality") // a shortcut
  final boolean sameAs(Key key) {
    return this == key
        || (hash == key.hash
            && prefix == key.prefix
            && tail == key.tail
            && ((tail & LONG) != LONG || Arrays.equals(bytes, key.bytes)));
  }

  @Override
  public final int hashCode() {
    return hash;
  }

  @Override
  public final String toString() {
    return HexFormat.of().formatHex(bytes);
  }

  /** {@return up to eight bytes from a position on, the first one uppermost, then zeros} */
  private static long longAt(byte[] bytes, int from) {
    int end = bytes.length;
    if (end >= from + Long.BYTES) {
      return (long) BIG_ENDIAN.get(bytes, from);
    }
    if (end <= from) {
      return 0;
    }
    if (end >= Long.BYTES) {
      return (long) BIG_ENDIAN.get(bytes, end - Long.BYTES)
          << ((from + Long.BYTES - end) * Byte.SIZE);
    }
    long value = 0;
    for (int at = from; at < end; at++) {
      value = (value << Byte.SIZE) | (bytes[at] & 0xFF);
    }
    return value << ((from + Long.BYTES - end) * Byte.SIZE);
  }

  private static int fold(long hash) {
    return (int) (hash ^ (hash >>> 32));
  }

  private static long hashOf(byte[] bytes) {
    int length = Objects.requireNonNull(bytes, "bytes").length;
    long hash = length * MULTIPLIER;
    int at = 0;
    for (; at + Long.BYTES <= length; at += Long.BYTES) {
      hash = mix(hash ^ (long) LITTLE_ENDIAN.get(bytes, at));
    }
    // What is left, as a number; shifting by a long's whole size would shift by nothing.
    long rest = at == length ? 0 : longAt(bytes, at) >>> ((at + Long.BYTES - length) * Byte.SIZE);
    return mix(hash ^ rest);
  }

  private static long mix(long value) {
    long mixed = (value ^ (value >>> 32)) * MULTIPLIER;
    return mixed ^ (mixed >>> 29);
  }
}
