package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The columns of a batch as bytes.
 *
 * <p>A node is, in this order: its null count if its layout has a bitmap; the bytes of its data if
 * it is var-width or a view, or the length of each child whose length does not follow from its own;
 * the bitmap if there are nulls; the other buffers; its children. Numbers are varints, buffers have
 * no padding, the unused bits of bitmaps are zero.
 */
final class FrameFormat {
  private static final int[] NO_LENGTHS = {};

  private FrameFormat() {}

  /** {@return the bytes of a node, or more than an int if it has more} */
  static long sizeBytes(Column column) {
    Layout layout = column.layout;
    int length = column.length;
    long size = 0;
    if (layout.hasValidity()) {
      size += varintBytes(column.nullCount) + (column.nullCount > 0 ? Bits.sizeBytes(length) : 0);
    }
    size +=
        switch (layout.kind) {
          case NULL, FIXED_LIST, STRUCT, SPARSE_UNION, DENSE_UNION, RUN_END -> 0;
          case BOOL -> Bits.sizeBytes(length);
          case FIXED -> (long) length * layout.width;
          case VAR, VIEW -> {
            long data = column.second().byteSize();
            yield varintBytes((int) data) + data + slotBytes(layout, length);
          }
          case LIST, LIST_VIEW -> slotBytes(layout, length);
        };
    if (layout.kind == Layout.Kind.SPARSE_UNION || layout.kind == Layout.Kind.DENSE_UNION) {
      size += slotBytes(layout, length);
    }
    for (int i = 0; i < layout.children.size(); i++) {
      Column child = column.child(i);
      size += sizeBytes(child) + (writesLength(layout, i) ? varintBytes(child.length) : 0);
    }
    return size;
  }

  /** {@return the bytes of the buffers that hold offsets, sizes, views or type ids} */
  static long slotBytes(Layout layout, int length) {
    return switch (layout.kind) {
      case VAR, LIST -> (length + 1L) * layout.width;
      case LIST_VIEW -> 2L * length * layout.width;
      case VIEW -> 16L * length;
      case SPARSE_UNION -> length;
      case DENSE_UNION -> 5L * length;
      case NULL, BOOL, FIXED, FIXED_LIST, STRUCT, RUN_END -> 0;
    };
  }

  /** {@return whether a column has data whose size does not follow from its length} */
  private static boolean hasData(Layout layout) {
    return layout.kind == Layout.Kind.VAR || layout.kind == Layout.Kind.VIEW;
  }

  /** {@return whether the length of the child does not follow from that of its parent} */
  static boolean writesLength(Layout parent, int child) {
    return switch (parent.kind) {
      case LIST, LIST_VIEW, DENSE_UNION -> true;
      case RUN_END -> child == 0;
      case NULL, BOOL, FIXED, VAR, VIEW, FIXED_LIST, STRUCT, SPARSE_UNION -> false;
    };
  }

  static int varintBytes(int value) {
    return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
  }

  /** Writes nodes to a byte array that has room for them. */
  static final class Writer {
    private final byte[] target;
    private int at;

    Writer(byte[] target, int at) {
      this.target = target;
      this.at = at;
    }

    int position() {
      return at;
    }

    void varint(int value) {
      int rest = value;
      while ((rest & ~0x7f) != 0) {
        target[at++] = (byte) (rest | 0x80);
        rest >>>= 7;
      }
      target[at++] = (byte) rest;
    }

    void column(Column column) {
      Layout layout = column.layout;
      if (layout.hasValidity()) {
        varint(column.nullCount);
      }
      if (hasData(layout)) {
        varint((int) column.second().byteSize());
      }
      for (int i = 0; i < layout.children.size(); i++) {
        if (writesLength(layout, i)) {
          varint(column.child(i).length);
        }
      }
      if (column.nullCount > 0) {
        bits(column.validity(), column.length);
      }
      buffers(column);
      for (int i = 0; i < layout.children.size(); i++) {
        column(column.child(i));
      }
    }

    private void buffers(Column column) {
      Layout layout = column.layout;
      int length = column.length;
      switch (layout.kind) {
        case NULL, FIXED_LIST, STRUCT, RUN_END -> {}
        case BOOL -> bits(column.first(), length);
        case FIXED -> bytes(column.first(), (long) length * layout.width);
        case VAR, VIEW -> {
          bytes(column.first(), slotBytes(layout, length));
          bytes(column.second(), column.second().byteSize());
        }
        case LIST, SPARSE_UNION -> bytes(column.first(), slotBytes(layout, length));
        case LIST_VIEW -> {
          bytes(column.first(), (long) length * layout.width);
          bytes(column.second(), (long) length * layout.width);
        }
        case DENSE_UNION -> {
          bytes(column.first(), length);
          bytes(column.second(), 4L * length);
        }
      }
    }

    private void bytes(MemorySegment source, long size) {
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, 0, target, at, (int) size);
      at += (int) size;
    }

    private void bits(MemorySegment source, int count) {
      int size = Bits.sizeBytes(count);
      bytes(source, size);
      if ((count & 7) != 0) {
        target[at - 1] &= (byte) ((1 << (count & 7)) - 1);
      }
    }
  }

  /** Reads nodes from memory that it does not trust. */
  static final class Reader {
    private final MemorySegment source;
    private final long end;
    private long at;

    /** Reads what lies from {@code at} on, before {@code end}. */
    Reader(MemorySegment source, long at, long end) {
      this.source = source;
      this.at = at;
      this.end = end;
    }

    /** {@return how many bytes are left} */
    long remaining() {
      return end - at;
    }

    int varint() {
      long value = 0;
      for (int shift = 0; shift < 35; shift += 7) {
        if (at >= end) {
          throw new CorruptFrameException("a number passes the end of a frame at byte " + end);
        }
        byte part = source.get(ValueLayout.JAVA_BYTE, at++);
        value |= (part & 0x7fL) << shift;
        if (part >= 0) {
          if (value > Integer.MAX_VALUE) {
            break;
          }
          return (int) value;
        }
      }
      throw new CorruptFrameException("a number at byte " + at + " of a frame is too large");
    }

    /** {@return the number of slots of a column; not more than a builder makes} */
    int length() {
      int length = varint();
      if (length > ColumnBuilder.LENGTH_MAX) {
        throw new CorruptFrameException("a length at byte " + at + " of a frame is " + length);
      }
      return length;
    }

    Column column(Layout layout, int length) {
      int nulls = layout.hasValidity() ? varint() : 0;
      if (nulls > length) {
        throw new CorruptFrameException(nulls + " nulls in " + length + " slots of " + layout.path);
      }
      int data = hasData(layout) ? varint() : 0;
      int[] lengths = lengths(layout, length);
      MemorySegment bitmap = nulls > 0 ? take(Bits.sizeBytes(length)) : Column.NONE;
      return switch (layout.kind) {
        case NULL -> Column.leaf(layout, length, 0);
        case BOOL -> Column.leaf(layout, length, nulls, bitmap, take(Bits.sizeBytes(length)));
        case FIXED ->
            Column.leaf(layout, length, nulls, bitmap, take((long) length * layout.width));
        case VAR, VIEW -> {
          MemorySegment slots = take(slotBytes(layout, length));
          yield Column.leaf(layout, length, nulls, bitmap, slots, take(data));
        }
        case LIST, LIST_VIEW, FIXED_LIST, STRUCT, SPARSE_UNION, DENSE_UNION, RUN_END -> {
          MemorySegment[] buffers = buffers(layout, length, bitmap);
          Column[] children = new Column[lengths.length];
          for (int i = 0; i < children.length; i++) {
            children[i] = column(layout.child(i), lengths[i]);
          }
          yield Column.nested(layout, length, nulls, buffers, children);
        }
      };
    }

    /** Passes over a column that is known to be valid. */
    void skip(Layout layout, int length) {
      int nulls = layout.hasValidity() ? varint() : 0;
      long bitmap = nulls > 0 ? Bits.sizeBytes(length) : 0;
      switch (layout.kind) {
        case NULL -> {}
        case BOOL -> at += bitmap + Bits.sizeBytes(length);
        case FIXED -> at += bitmap + (long) length * layout.width;
        case VAR, VIEW -> {
          int data = varint();
          at += data + bitmap + slotBytes(layout, length);
        }
        case LIST, LIST_VIEW, FIXED_LIST, STRUCT, SPARSE_UNION, DENSE_UNION, RUN_END -> {
          int[] lengths = lengths(layout, length);
          at += bitmap + slotBytes(layout, length);
          for (int i = 0; i < lengths.length; i++) {
            skip(layout.child(i), lengths[i]);
          }
        }
      }
    }

    /** {@return the lengths of the children} */
    private int[] lengths(Layout layout, int length) {
      if (layout.children.isEmpty()) {
        return NO_LENGTHS;
      }
      int[] lengths = new int[layout.children.size()];
      for (int i = 0; i < lengths.length; i++) {
        if (writesLength(layout, i)) {
          lengths[i] = length();
        } else if (layout.kind == Layout.Kind.RUN_END) {
          lengths[i] = lengths[0];
        } else {
          long size = layout.kind == Layout.Kind.FIXED_LIST ? (long) length * layout.width : length;
          if (size > ColumnBuilder.LENGTH_MAX) {
            throw new CorruptFrameException(size + " slots in a child of " + layout.path);
          }
          lengths[i] = (int) size;
        }
      }
      return lengths;
    }

    private MemorySegment[] buffers(Layout layout, int length, MemorySegment bitmap) {
      return switch (layout.kind) {
        case LIST, SPARSE_UNION ->
            new MemorySegment[] {bitmap, take(slotBytes(layout, length)), Column.NONE};
        case LIST_VIEW -> {
          long size = (long) length * layout.width;
          yield new MemorySegment[] {bitmap, take(size), take(size)};
        }
        case DENSE_UNION -> new MemorySegment[] {bitmap, take(length), take(4L * length)};
        case NULL, BOOL, FIXED, VAR, VIEW, FIXED_LIST, STRUCT, RUN_END ->
            new MemorySegment[] {bitmap};
      };
    }

    private MemorySegment take(long size) {
      if (size > end - at) {
        throw new CorruptFrameException(
            "a buffer of " + size + " bytes at byte " + at + " passes the end of a frame");
      }
      MemorySegment taken = source.asSlice(at, size);
      at += size;
      return taken;
    }
  }
}
