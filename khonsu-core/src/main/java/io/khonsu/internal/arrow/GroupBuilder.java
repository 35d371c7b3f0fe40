package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds structs and fixed-size lists, whose children have a fixed number of slots for each. */
final class GroupBuilder extends ColumnBuilder {
  private final ColumnBuilder[] children;

  /** The slots of a child for each slot of this. */
  private final int slots;

  GroupBuilder(Layout layout) {
    super(layout);
    children = layout.children.stream().map(ColumnBuilder::of).toArray(ColumnBuilder[]::new);
    slots = layout.kind == Layout.Kind.STRUCT ? 1 : layout.width;
  }

  @Override
  void reserve(int count) {
    for (ColumnBuilder child : children) {
      child.reserve(childSlots(count));
    }
  }

  @Override
  void appendSlots(Column source, int from, int count) {
    for (int i = 0; i < children.length; i++) {
      children[i].append(source.child(i), from * slots, count * slots);
    }
  }

  @Override
  void appendValue(Object value) {
    if (layout.kind == Layout.Kind.STRUCT) {
      appendFields(value);
      return;
    }
    if (!(value instanceof List<?> list) || list.size() != slots) {
      throw ValueWriter.wrong(layout, "a List of size " + slots, value);
    }
    for (@Nullable Object element : list) {
      children[0].appendObject(element);
    }
  }

  @Override
  void appendEmptySlots(int count) {
    for (ColumnBuilder child : children) {
      child.appendNulls(childSlots(count));
    }
  }

  @Override
  Column view(MemorySegment bitmap, int nulls) {
    Column[] views = new Column[children.length];
    for (int i = 0; i < children.length; i++) {
      views[i] = children[i].view();
    }
    return Column.nested(layout, length, nulls, new MemorySegment[] {bitmap}, views);
  }

  @Override
  void saveSlots(Marks marks) {
    for (ColumnBuilder child : children) {
      child.save(marks);
    }
  }

  @Override
  void restoreSlots(Marks marks) {
    for (ColumnBuilder child : children) {
      child.restore(marks);
    }
  }

  private int childSlots(int count) {
    return (int) Math.min((long) count * slots, Integer.MAX_VALUE);
  }

  private void appendFields(Object value) {
    if (value instanceof Map.Entry<?, ?> entry && children.length == 2) {
      children[0].appendObject(entry.getKey());
      children[1].appendObject(entry.getValue());
      return;
    }
    if (!(value instanceof Map<?, ?> fields)) {
      throw ValueWriter.wrong(layout, "a Map by field name", value);
    }
    int found = 0;
    for (ColumnBuilder child : children) {
      String name = child.layout.field.getName();
      found += fields.containsKey(name) ? 1 : 0;
      child.appendObject(fields.get(name));
    }
    if (found != fields.size()) {
      throw ValueWriter.wrong(layout, "a Map with no other keys than its field names", value);
    }
  }
}
