package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Builds null, boolean and fixed-width columns. */
final class FlatBuilder extends ColumnBuilder {
  private final GrowableBytes values = new GrowableBytes();

  FlatBuilder(Layout layout) {
    super(layout);
  }

  @Override
  void reserve(int count) {
    values.ensure(sizeBytes(length + (long) count));
  }

  @Override
  void appendSlots(Column source, int from, int count) {
    int at = grow(count);
    int width = layout.width;
    switch (layout.kind) {
      case BOOL -> Bits.copy(source.first(), from, values.bytes, length, count);
      case FIXED -> {
        if (count == 1 && width <= 8 && Integer.bitCount(width) == 1) {
          long value = LittleEndian.get(source.first(), (long) from * width, width);
          LittleEndian.put(values.bytes, at, width, value);
        } else {
          values.size = at;
          values.append(source.first(), (long) from * width, (long) count * width);
        }
      }
      default -> {}
    }
  }

  @Override
  void appendValue(Object value) {
    int at = grow(1);
    switch (layout.kind) {
      case BOOL -> {
        if (!(value instanceof Boolean bit)) {
          throw ValueWriter.wrong(layout, "a Boolean", value);
        }
        Bits.set(values.bytes, length, bit);
      }
      case FIXED -> ValueWriter.writeFixed(layout, value, values.bytes, at);
      default -> throw ValueWriter.wrong(layout, "null", value);
    }
  }

  @Override
  void appendEmptySlots(int count) {
    int at = grow(count);
    if (layout.kind == Layout.Kind.BOOL) {
      Bits.fill(values.bytes, length, count, false);
    } else {
      Arrays.fill(values.bytes, at, values.size, (byte) 0);
    }
  }

  @Override
  Column view(MemorySegment bitmap, int nulls) {
    return layout.kind == Layout.Kind.NULL
        ? Column.leaf(layout, length, 0)
        : Column.leaf(layout, length, nulls, bitmap, values.view());
  }

  @Override
  void saveSlots(Marks marks) {}

  @Override
  void restoreSlots(Marks marks) {
    values.size = (int) sizeBytes(length);
  }

  private int grow(int count) {
    return values.grow(sizeBytes(length + (long) count) - values.size);
  }

  private long sizeBytes(long slots) {
    return switch (layout.kind) {
      case BOOL -> (slots + 7) >>> 3;
      case FIXED -> slots * layout.width;
      default -> 0;
    };
  }
}
