package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers as Arrow stores them: little-endian, at any address. */
final class LittleEndian {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static void putShort(byte[] target, int at, short value) {
    SHORTS.set(target, at, value);
  }

  static void putInt(byte[] target, int at, int value) {
    INTS.set(target, at, value);
  }

  static int getInt(byte[] source, int at) {
    return (int) INTS.get(source, at);
  }

  static void putLong(byte[] target, int at, long value) {
    LONGS.set(target, at, value);
  }

  /** Writes the low {@code width} (1, 2, 4 or 8) bytes of {@code value}. */
  static void put(byte[] target, int at, int width, long value) {
    switch (width) {
      case 1 -> target[at] = (byte) value;
      case 2 -> putShort(target, at, (short) value);
      case 4 -> putInt(target, at, (int) value);
      default -> putLong(target, at, value);
    }
  }

  /** {@return the sign-extended number of {@code width} (1, 2, 4 or 8) bytes} */
  static long get(MemorySegment source, long at, int width) {
    return switch (width) {
      case 1 -> source.get(ValueLayout.JAVA_BYTE, at);
      case 2 -> source.get(SHORT, at);
      case 4 -> source.get(INT, at);
      default -> source.get(LONG, at);
    };
  }
}
