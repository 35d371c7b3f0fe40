package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/** Builds lists, maps and list-views, with offsets of 32 or 64 bits. */
final class ListBuilder extends ColumnBuilder {
  private final ColumnBuilder child;
  private final GrowableBytes offsets = new GrowableBytes();

  /** The sizes of list-views; empty for lists, whose offsets start with 0. */
  private final GrowableBytes sizes = new GrowableBytes();

  private final boolean views;

  ListBuilder(Layout layout) {
    super(layout);
    child = ColumnBuilder.of(layout.child(0));
    views = layout.kind == Layout.Kind.LIST_VIEW;
    if (!views) {
      offsets.appendZeros(layout.width);
    }
  }

  @Override
  void reserve(int count) {
    offsets.ensure(offsets.size + (long) count * layout.width);
  }

  @Override
  void appendSlots(Column source, int from, int count) {
    if (views) {
      for (int i = from; i < from + count; i++) {
        int start = child.length;
        if (source.valid(i)) {
          long first = source.start(i);
          child.append(source.child(0), (int) first, (int) (source.end(i) - first));
        }
        endSlot(start);
      }
      return;
    }
    long start = source.start(from);
    long shift = child.length - start;
    child.append(source.child(0), (int) start, (int) (source.start(from + count) - start));
    int width = layout.width;
    int at = offsets.grow((long) count * width);
    for (int i = 1; i <= count; i++, at += width) {
      LittleEndian.put(offsets.bytes, at, width, source.start(from + i) + shift);
    }
  }

  @Override
  void appendValue(Object value) {
    int start = child.length;
    if (layout.type instanceof ArrowType.Map) {
      if (!(value instanceof Map<?, ?> map)) {
        throw ValueWriter.wrong(layout, "a Map", value);
      }
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        child.appendObject(entry);
      }
    } else {
      if (!(value instanceof List<?> list)) {
        throw ValueWriter.wrong(layout, "a List", value);
      }
      for (@Nullable Object element : list) {
        child.appendObject(element);
      }
    }
    endSlot(start);
  }

  @Override
  void appendEmptySlots(int count) {
    for (int i = 0; i < count; i++) {
      endSlot(child.length);
    }
  }

  @Override
  Column view(MemorySegment bitmap, int nulls) {
    MemorySegment[] buffers =
        views
            ? new MemorySegment[] {bitmap, offsets.view(), sizes.view()}
            : new MemorySegment[] {bitmap, offsets.view()};
    return Column.nested(layout, length, nulls, buffers, child.view());
  }

  @Override
  void saveSlots(Marks marks) {
    child.save(marks);
  }

  @Override
  void restoreSlots(Marks marks) {
    child.restore(marks);
    offsets.size = (length + (views ? 0 : 1)) * layout.width;
    sizes.size = views ? offsets.size : 0;
  }

  private void endSlot(int start) {
    if (views) {
      offsets.appendNumber(layout.width, start);
      sizes.appendNumber(layout.width, child.length - start);
    } else {
      offsets.appendNumber(layout.width, child.length);
    }
  }
}
