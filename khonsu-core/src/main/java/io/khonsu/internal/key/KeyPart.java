package io.khonsu.internal.key;

import io.khonsu.Literal;
import io.khonsu.internal.arrow.ColumnView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The bytes of one column within a primary key.
 *
 * <p>Every part but {@link Tail} ends where its own bytes say, so that two keys are compared column
 * by column.
 */
sealed interface KeyPart {
  /** What {@link #write} returns if the cell needs more room than {@link #sizeBytes} said. */
  int NEEDS_ESCAPES = -1;

  /** {@return the column} */
  ColumnType type();

  /** {@return the bytes that every cell takes at least} */
  int sizeMinBytes();

  /** {@return the bytes that a cell takes, if none of them has to be escaped} */
  long sizeBytes(ColumnView column, int row);

  /** {@return the offset after the written cell, or {@link #NEEDS_ESCAPES}} */
  int write(ColumnView column, int row, byte[] target, int offset);

  /** {@return the bytes of a cell} */
  byte[] encode(ColumnView column, int row);

  /**
   * {@return the bytes of a value}
   *
   * @throws IllegalArgumentException if the column cannot hold it
   */
  byte[] encode(Literal value);

  /**
   * {@return the bytes that the cells beginning with a value begin with; where only whole cells can
   * be compared, those of the value}
   *
   * @throws IllegalArgumentException if the column cannot hold it
   */
  byte[] encodePrefix(Literal value);

  /** Reads one value, and leaves {@code key} after it; throws a RuntimeException if it cannot. */
  Object decode(ByteBuffer key);

  /** {@return the part for a column of {@code type}} */
  static KeyPart of(ColumnType type, boolean last) {
    return switch (type) {
      case WholeType whole -> new Whole(whole);
      case DecimalType decimal -> new Fixed(decimal, decimal.sizeBytes());
      case ColumnType.FixedBytes bytes -> new Fixed(bytes, bytes.sizeBytes());
      case ColumnType.Bytes bytes -> last ? new Tail(bytes) : new Escaped(bytes);
      case ColumnType.Floating floating ->
          throw new IllegalArgumentException(
              "column %s cannot be in a primary key"
                  .formatted(ColumnType.describe(floating.field())));
    };
  }

  /** A whole number, big-endian, with the sign bit flipped if it has one. */
  record Whole(WholeType type, int sizeMinBytes, long flip) implements KeyPart {
    private static final VarHandle SHORT =
        MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    Whole(WholeType type) {
      this(type, type.sizeBytes(), type.signed() ? 1L << (type.sizeBytes() * Byte.SIZE - 1) : 0);
    }

    @Override
    public long sizeBytes(ColumnView column, int row) {
      return sizeMinBytes;
    }

    @Override
    public int write(ColumnView column, int row, byte[] target, int offset) {
      return write(column.getLong(row), target, offset);
    }

    @Override
    public byte[] encode(ColumnView column, int row) {
      byte[] result = new byte[sizeMinBytes];
      write(column.getLong(row), result, 0);
      return result;
    }

    @Override
    public byte[] encode(Literal value) {
      byte[] result = new byte[sizeMinBytes];
      write(type.raw(value), result, 0);
      return result;
    }

    @Override
    public byte[] encodePrefix(Literal value) {
      return encode(value);
    }

    @Override
    public Object decode(ByteBuffer key) {
      long bits =
          switch (sizeMinBytes) {
            case Byte.BYTES -> key.get();
            case Short.BYTES -> key.getShort();
            case Integer.BYTES -> key.getInt();
            default -> key.getLong();
          };
      int unused = Long.SIZE - sizeMinBytes * Byte.SIZE;
      long raw = (bits ^ flip) << unused;
      return type.value(type.signed() ? raw >> unused : raw >>> unused);
    }

    private int write(long raw, byte[] target, int offset) {
      long bits = raw ^ flip;
      switch (sizeMinBytes) {
        case Byte.BYTES -> target[offset] = (byte) bits;
        case Short.BYTES -> SHORT.set(target, offset, (short) bits);
        case Integer.BYTES -> INT.set(target, offset, (int) bits);
        default -> LONG.set(target, offset, bits);
      }
      return offset + sizeMinBytes;
    }
  }

  /** Ordered bytes, the same number for every cell. */
  record Fixed(ColumnType.OrderedBytes type, int sizeMinBytes) implements KeyPart {
    @Override
    public long sizeBytes(ColumnView column, int row) {
      return sizeMinBytes;
    }

    @Override
    public int write(ColumnView column, int row, byte[] target, int offset) {
      type.ordered(column, row, target, offset);
      return offset + sizeMinBytes;
    }

    @Override
    public byte[] encode(ColumnView column, int row) {
      return type.ordered(column, row);
    }

    @Override
    public byte[] encode(Literal value) {
      return type.ordered(value);
    }

    @Override
    public byte[] encodePrefix(Literal value) {
      return type instanceof ColumnType.FixedBytes bytes
          ? bytes.orderedPrefix(value)
          : encode(value);
    }

    @Override
    public Object decode(ByteBuffer key) {
      byte[] bytes = new byte[sizeMinBytes];
      key.get(bytes);
      return type.value(bytes);
    }
  }

  /**
   * A string or binary that other columns follow: every zero byte becomes 00 FF, and 00 00 ends it.
   * The end is below anything that can go on, so the shorter comes first.
   */
  record Escaped(ColumnType.Bytes type) implements KeyPart {
    private static final byte ESCAPE = (byte) 0xFF;
    private static final int END_BYTES = 2;

    @Override
    public int sizeMinBytes() {
      return END_BYTES;
    }

    @Override
    public long sizeBytes(ColumnView column, int row) {
      return (long) column.lengthBytes(row) + END_BYTES;
    }

    @Override
    public int write(ColumnView column, int row, byte[] target, int offset) {
      column.copyBytes(row, target, offset);
      int end = offset + column.lengthBytes(row);
      for (int i = offset; i < end; i++) {
        if (target[i] == 0) {
          return NEEDS_ESCAPES;
        }
      }
      return end + END_BYTES;
    }

    @Override
    public byte[] encode(ColumnView column, int row) {
      return escape(type.ordered(column, row), END_BYTES);
    }

    @Override
    public byte[] encode(Literal value) {
      return escape(type.ordered(value), END_BYTES);
    }

    @Override
    public byte[] encodePrefix(Literal value) {
      return escape(type.ordered(value), 0);
    }

    @Override
    public Object decode(ByteBuffer key) {
      byte[] bytes = new byte[key.remaining()];
      int length = 0;
      while (true) {
        byte next = key.get();
        if (next == 0) {
          byte mark = key.get();
          if (mark == 0) {
            return type.value(Arrays.copyOf(bytes, length));
          }
          if (mark != ESCAPE) {
            throw new IllegalArgumentException("0x00 is followed by neither 0x00 nor 0xff");
          }
        }
        bytes[length++] = next;
      }
    }

    private static byte[] escape(byte[] bytes, int endBytes) {
      int zeros = 0;
      for (byte b : bytes) {
        zeros += b == 0 ? 1 : 0;
      }
      byte[] result = new byte[Math.addExact(bytes.length, zeros + endBytes)];
      int offset = 0;
      for (byte b : bytes) {
        result[offset++] = b;
        if (b == 0) {
          result[offset++] = ESCAPE;
        }
      }
      return result;
    }
  }

  /**
   * A string or binary that ends the key: its own bytes. Nothing follows that a longer value could
   * be mistaken for, so it needs no end; the commonest key, one string, costs a copy.
   */
  record Tail(ColumnType.Bytes type) implements KeyPart {
    @Override
    public int sizeMinBytes() {
      return 0;
    }

    @Override
    public long sizeBytes(ColumnView column, int row) {
      return column.lengthBytes(row);
    }

    @Override
    public int write(ColumnView column, int row, byte[] target, int offset) {
      column.copyBytes(row, target, offset);
      return offset + column.lengthBytes(row);
    }

    @Override
    public byte[] encode(ColumnView column, int row) {
      return type.ordered(column, row);
    }

    @Override
    public byte[] encode(Literal value) {
      return type.ordered(value);
    }

    @Override
    public byte[] encodePrefix(Literal value) {
      return type.ordered(value);
    }

    @Override
    public Object decode(ByteBuffer key) {
      byte[] bytes = new byte[key.remaining()];
      key.get(bytes);
      return type.value(bytes);
    }
  }
}
