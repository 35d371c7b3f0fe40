package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The name of one data item: a string of bytes, ordered as unsigned bytes from left to right.
 *
 * <p>Immutable and thread-safe. A key made by {@link TxnBuffer#key} or {@link TxnBuffer#ref} is
 * equal to one made by {@link #of} from the same bytes, and spares that buffer work.
 */
public sealed class Key implements Comparable<Key> permits Chain {
  private static final VarHandle BIG_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  /** What {@link #tail} says of keys too long to stand in {@link #prefix} and itself. */
  private static final int LONG = 0xFF;

  private static final int SHORT_BYTES_MAX = 2 * Long.BYTES - 1;

  final int hash;

  /** The first eight bytes, zeros where there are none. */
  private final long prefix;

  /** The next seven bytes, then the length: two longs are all there is of a short key. */
  private final long tail;

  /** All bytes of a longer key; null for a short one. */
  private final byte @Nullable [] longBytes;

  /** Takes {@code bytes} over: nobody may change them from here on. */
  Key(byte[] bytes) {
    int length = Objects.requireNonNull(bytes, "bytes").length;
    boolean isShort = length <= SHORT_BYTES_MAX;
    this.prefix = longAt(bytes, 0);
    this.tail = (longAt(bytes, Long.BYTES) & ~LONG) | (isShort ? length : LONG);
    this.longBytes = isShort ? null : bytes;
    this.hash = fold(hash64());
  }

  /** Copies a key. */
  Key(Key other) {
    this.prefix = other.prefix;
    this.tail = other.tail;
    this.longBytes = other.longBytes;
    this.hash = other.hash;
  }

  /** {@return the key of these bytes, which are copied} */
  public static Key of(byte[] bytes) {
    return new Key(bytes.clone());
  }

  /** {@return the key of these bytes, which are taken over: nobody may change them any more} */
  public static Key ofOwned(byte[] bytes) {
    return new Key(bytes);
  }

  /** {@return a copy of the bytes} */
  public final byte[] toBytes() {
    if (longBytes != null) {
      return longBytes.clone();
    }
    byte[] bytes = new byte[sizeBytes()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = byteAt(i);
    }
    return bytes;
  }

  /** {@return the number of bytes} */
  public final int sizeBytes() {
    return longBytes != null ? longBytes.length : (int) (tail & LONG);
  }

  /** {@return the byte at a 0-based position} */
  public final byte byteAt(int index) {
    Objects.checkIndex(index, sizeBytes());
    if (longBytes != null) {
      return longBytes[index];
    }
    long word = index < Long.BYTES ? prefix : tail;
    return (byte) (word >>> (Long.SIZE - Byte.SIZE - (index & (Long.BYTES - 1)) * Byte.SIZE));
  }

  /** {@return a 64-bit hash, equal for equal keys in every process} */
  public final long hash64() {
    long hash = mix(mix(prefix ^ MULTIPLIER) ^ tail);
    if (longBytes != null) {
      for (int at = SHORT_BYTES_MAX; at < longBytes.length; at += Long.BYTES) {
        hash = mix(hash ^ longAt(longBytes, at));
      }
      hash = mix(hash ^ longBytes.length);
    }
    return hash;
  }

  /** {@return the smallest key that is greater than this one} */
  public final Key successor() {
    return new Key(Arrays.copyOf(toBytes(), sizeBytes() + 1));
  }

  @Override
  public final int compareTo(Key other) {
    if (prefix != other.prefix) {
      return Long.compareUnsigned(prefix, other.prefix);
    }
    // A short key that is the beginning of another has the smaller length, or no LONG.
    return tail != other.tail || longBytes == null || other.longBytes == null
        ? Long.compareUnsigned(tail, other.tail)
        : Arrays.compareUnsigned(longBytes, other.longBytes);
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
            && (longBytes == null || Arrays.equals(longBytes, key.longBytes)));
  }

  @Override
  public final int hashCode() {
    return hash;
  }

  @Override
  public final String toString() {
    return HexFormat.of().formatHex(toBytes());
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

  private static long mix(long value) {
    long mixed = (value ^ (value >>> 32)) * MULTIPLIER;
    return mixed ^ (mixed >>> 29);
  }
}
