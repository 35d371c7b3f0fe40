package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Bitmaps as Arrow stores them: bit {@code i} is bit {@code i % 8} of byte {@code i / 8}. */
final class Bits {
  private Bits() {}

  static int sizeBytes(int bits) {
    return (int) ((bits + 7L) >>> 3);
  }

  static boolean get(MemorySegment bits, long index) {
    return (bits.get(ValueLayout.JAVA_BYTE, index >>> 3) >>> (index & 7) & 1) != 0;
  }

  static void set(byte[] bits, long index, boolean value) {
    int at = (int) (index >>> 3);
    int mask = 1 << (index & 7);
    bits[at] = (byte) (value ? bits[at] | mask : bits[at] & ~mask);
  }

  static int countOnes(MemorySegment bits, long from, int count) {
    int ones = 0;
    long at = from;
    long end = from + count;
    while (at < end && (at & 7) != 0) {
      ones += get(bits, at++) ? 1 : 0;
    }
    for (; end - at >= 64; at += 64) {
      ones += Long.bitCount(bits.get(LittleEndian.LONG, at >>> 3));
    }
    for (; end - at >= 8; at += 8) {
      ones += Integer.bitCount(bits.get(ValueLayout.JAVA_BYTE, at >>> 3) & 0xff);
    }
    while (at < end) {
      ones += get(bits, at++) ? 1 : 0;
    }
    return ones;
  }

  static void fill(byte[] target, long from, int count, boolean value) {
    long at = from;
    long end = from + count;
    while (at < end && (at & 7) != 0) {
      set(target, at++, value);
    }
    for (; end - at >= 8; at += 8) {
      target[(int) (at >>> 3)] = (byte) (value ? -1 : 0);
    }
    while (at < end) {
      set(target, at++, value);
    }
  }

  /** Copies {@code count} bits; neither start need be at a byte. */
  static void copy(MemorySegment source, long from, byte[] target, long to, int count) {
    long at = from;
    long end = from + count;
    long out = to;
    while (at < end && (out & 7) != 0) {
      set(target, out++, get(source, at++));
    }
    if ((at & 7) == 0) {
      long bytes = (end - at) >>> 3;
      MemorySegment.copy(
          source, ValueLayout.JAVA_BYTE, at >>> 3, target, (int) (out >>> 3), (int) bytes);
      at += bytes << 3;
      out += bytes << 3;
    }
    for (; end - at >= 64; at += 64, out += 64) {
      int shift = (int) (at & 7);
      long low = source.get(LittleEndian.LONG, at >>> 3) >>> shift;
      long high = source.get(ValueLayout.JAVA_BYTE, (at >>> 3) + 8) & 0xffL;
      LittleEndian.putLong(target, (int) (out >>> 3), low | high << (64 - shift));
    }
    while (at < end) {
      set(target, out++, get(source, at++));
    }
  }
}
