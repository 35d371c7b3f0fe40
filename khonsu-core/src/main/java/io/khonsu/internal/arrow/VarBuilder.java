package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Builds columns of strings and bytes: with offsets of 32 or 64 bits, or with views. */
final class VarBuilder extends ColumnBuilder {
  private static final int INLINE_MAX = 12;

  private final GrowableBytes data = new GrowableBytes();

  /** The offsets, the first of them 0, or the views. */
  private final GrowableBytes slots = new GrowableBytes();

  VarBuilder(Layout layout) {
    super(layout);
    if (layout.kind == Layout.Kind.VAR) {
      slots.appendZeros(layout.width);
    }
  }

  @Override
  void reserve(int count) {
    slots.ensure(slots.size + (long) count * layout.width);
  }

  @Override
  void appendSlots(Column source, int from, int count) {
    if (layout.kind == Layout.Kind.VIEW) {
      for (int i = from; i < from + count; i++) {
        appendView(source, i);
      }
      return;
    }
    long start = source.start(from);
    long shift = data.size - start;
    data.append(source.second(), start, source.start(from + count) - start);
    int width = layout.width;
    int at = slots.grow((long) count * width);
    for (int i = 1; i <= count; i++, at += width) {
      LittleEndian.put(slots.bytes, at, width, source.start(from + i) + shift);
    }
  }

  @Override
  void appendValue(Object value) {
    byte[] bytes = ValueWriter.varBytes(layout, value);
    if (layout.kind == Layout.Kind.VIEW) {
      appendView(MemorySegment.ofArray(bytes));
    } else {
      data.append(bytes);
      slots.appendNumber(layout.width, data.size);
    }
  }

  @Override
  void appendEmptySlots(int count) {
    if (layout.kind == Layout.Kind.VIEW) {
      slots.appendZeros(16L * count);
      return;
    }
    for (int i = 0; i < count; i++) {
      slots.appendNumber(layout.width, data.size);
    }
  }

  @Override
  Column view(MemorySegment bitmap, int nulls) {
    return Column.leaf(layout, length, nulls, bitmap, slots.view(), data.view());
  }

  @Override
  void saveSlots(Marks marks) {
    marks.write(data.size);
  }

  @Override
  void restoreSlots(Marks marks) {
    data.size = marks.read();
    slots.size = (length + (layout.kind == Layout.Kind.VAR ? 1 : 0)) * layout.width;
  }

  private void appendView(Column source, int slot) {
    if (source.valid(slot)) {
      appendView(source.viewed(slot));
    } else {
      slots.appendZeros(16);
    }
  }

  private void appendView(MemorySegment bytes) {
    int size = (int) bytes.byteSize();
    int at = slots.size;
    slots.appendZeros(16);
    LittleEndian.putInt(slots.bytes, at, size);
    int shown = size <= INLINE_MAX ? size : 4;
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, slots.bytes, at + 4, shown);
    if (size > INLINE_MAX) {
      LittleEndian.putInt(slots.bytes, at + 12, data.size);
      data.append(bytes, 0, size);
    }
  }
}
