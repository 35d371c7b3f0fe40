package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** An append-only byte array; what lies beyond {@link #size} is unspecified. */
final class GrowableBytes {
  private static final byte[] NONE = {};
  private static final int SIZE_MAX = Integer.MAX_VALUE - 16;

  byte[] bytes = NONE;
  int size;

  /**
   * Adds {@code count} bytes of unspecified content.
   *
   * @return where they start
   * @throws IllegalArgumentException if one buffer of a batch would pass 2 GiB; split the batch
   */
  int grow(long count) {
    int at = size;
    long needed = at + count;
    if (needed > bytes.length) {
      ensure(needed);
    }
    size = (int) needed;
    return at;
  }

  void append(MemorySegment source, long from, long count) {
    int at = grow(count);
    MemorySegment.copy(source, ValueLayout.JAVA_BYTE, from, bytes, at, (int) count);
  }

  void append(byte[] source) {
    int at = grow(source.length);
    System.arraycopy(source, 0, bytes, at, source.length);
  }

  void appendNumber(int width, long value) {
    int at = grow(width);
    LittleEndian.put(bytes, at, width, value);
  }

  void appendZeros(long count) {
    int at = grow(count);
    Arrays.fill(bytes, at, size, (byte) 0);
  }

  MemorySegment view() {
    return view(size);
  }

  MemorySegment view(int sizeBytes) {
    return MemorySegment.ofArray(bytes).asSlice(0, sizeBytes);
  }

  /** Makes room for {@code needed} bytes in all, without changing {@link #size}. */
  void ensure(long needed) {
    if (needed > SIZE_MAX) {
      throw new IllegalArgumentException(
          "a buffer of a batch holds at most " + SIZE_MAX + " bytes, got " + needed + ": split it");
    }
    if (needed > bytes.length) {
      long doubled = Math.min(Math.max(2L * bytes.length, needed), SIZE_MAX);
      bytes = Arrays.copyOf(bytes, (int) ((doubled + 7) & -8));
    }
  }
}
