package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Builds sparse and dense unions. */
final class UnionBuilder extends ColumnBuilder {
  private final ColumnBuilder[] children;
  private final GrowableBytes typeIds = new GrowableBytes();

  /** For a dense union where in its child each slot lies. */
  private final GrowableBytes offsets = new GrowableBytes();

  private final boolean dense;
  private final Marks marks = new Marks();

  UnionBuilder(Layout layout) {
    super(layout);
    children = layout.children.stream().map(ColumnBuilder::of).toArray(ColumnBuilder[]::new);
    dense = layout.kind == Layout.Kind.DENSE_UNION;
  }

  @Override
  void reserve(int count) {
    typeIds.ensure(typeIds.size + (long) count);
  }

  @Override
  void appendSlots(Column source, int from, int count) {
    if (!dense) {
      typeIds.append(source.first(), from, count);
      for (int i = 0; i < children.length; i++) {
        children[i].append(source.child(i), from, count);
      }
      return;
    }
    for (int i = from; i < from + count; i++) {
      int child = layout.childOf(source.typeId(i));
      select(child);
      children[child].append(source.child(child), source.selectedSlot(i), 1);
    }
  }

  /** Chooses the first child that gives the value back as it is, else the first that takes it. */
  @Override
  void appendValue(Object value) {
    for (boolean exactly : new boolean[] {true, false}) {
      for (int i = 0; i < children.length; i++) {
        if (takes(children[i], value, exactly)) {
          select(i);
          children[i].appendObject(value);
          appendToOthers(i);
          return;
        }
      }
    }
    throw ValueWriter.wrong(layout, "a value of one of its children", value);
  }

  @Override
  void appendEmptySlots(int count) {
    int nullable = 0;
    for (int i = children.length - 1; i >= 0; i--) {
      nullable = children[i].layout.field.isNullable() ? i : nullable;
    }
    for (int i = 0; i < count; i++) {
      select(nullable);
      children[nullable].appendNulls(1);
      appendToOthers(nullable);
    }
  }

  @Override
  Column view(MemorySegment bitmap, int nulls) {
    Column[] views = new Column[children.length];
    for (int i = 0; i < children.length; i++) {
      views[i] = children[i].view();
    }
    MemorySegment[] buffers = {bitmap, typeIds.view(), offsets.view()};
    return Column.nested(layout, length, 0, buffers, views);
  }

  @Override
  void saveSlots(Marks target) {
    for (ColumnBuilder child : children) {
      child.save(target);
    }
  }

  @Override
  void restoreSlots(Marks source) {
    for (ColumnBuilder child : children) {
      child.restore(source);
    }
    typeIds.size = length;
    offsets.size = dense ? 4 * length : 0;
  }

  private void select(int child) {
    typeIds.appendNumber(1, layout.typeId(child));
    if (dense) {
      offsets.appendNumber(4, children[child].length);
    }
  }

  private void appendToOthers(int child) {
    for (int i = 0; !dense && i < children.length; i++) {
      if (i != child) {
        children[i].appendNulls(1);
      }
    }
  }

  private static boolean isEqual(@Nullable Object read, Object value) {
    return Objects.equals(Contents.comparable(read), Contents.comparable(value));
  }

  /** {@return whether the child accepts the value, and, if asked, gives it back unchanged} */
  private boolean takes(ColumnBuilder child, Object value, boolean exactly) {
    marks.rewind();
    child.save(marks);
    boolean taken;
    try {
      child.appendObject(value);
      taken = !exactly || isEqual(child.view().object(child.length - 1), value);
    } catch (IllegalArgumentException _) {
      taken = false;
    }
    marks.rewind();
    child.restore(marks);
    return taken;
  }
}
