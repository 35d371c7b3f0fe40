package io.khonsu.internal.arrow;

import io.khonsu.InvalidBatchException;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** The checks of columns whose content is not to be trusted, from the top down. */
final class ColumnChecks {
  private ColumnChecks() {}

  /**
   * Checks the columns of one batch.
   *
   * @throws InvalidBatchException naming the first fault
   */
  static void check(Column[] columns) {
    for (Column column : columns) {
      check(column);
      if (hasForbiddenNulls(column)) {
        checkNulls(column, null);
      }
    }
  }

  private static void check(Column column) {
    if (column.encoded) {
      check(column.child(0));
      check(column.child(1));
      checkIndexes(column);
      return;
    }
    Layout layout = column.layout;
    int length = column.length;
    if (length < 0 || length > ColumnBuilder.LENGTH_MAX) {
      throw fault(layout, "has " + length + " slots");
    }
    // Children first: what refers to them below is checked against their true size.
    for (int i = 0; i < layout.children.size(); i++) {
      check(column.child(i));
    }
    if (column.nullCount != 0 && column.nullCount != countedNulls(column)) {
      throw fault(layout, "counts " + column.nullCount + " nulls, not those of its bitmap");
    }
    switch (layout.kind) {
      case NULL -> {}
      case BOOL -> checkSize(layout, "bitmap", column.first(), Bits.sizeBytes(length));
      case FIXED -> checkSize(layout, "values", column.first(), (long) length * layout.width);
      case VAR -> {
        checkOffsets(column, column.second().byteSize());
        Utf8.checkOffsets(column);
      }
      case VIEW -> checkViews(column);
      case LIST -> checkOffsets(column, column.child(0).length);
      case LIST_VIEW -> checkListViews(column);
      case FIXED_LIST -> checkChild(column, 0, (long) length * layout.width);
      case STRUCT -> {
        for (int i = 0; i < layout.children.size(); i++) {
          checkChild(column, i, length);
        }
      }
      case SPARSE_UNION, DENSE_UNION -> checkUnion(column);
      case RUN_END -> checkRuns(column);
    }
  }

  private static int countedNulls(Column column) {
    checkSize(column.layout, "validity bitmap", column.validity(), Bits.sizeBytes(column.length));
    return column.countNulls(0, column.length);
  }

  private static void checkIndexes(Column column) {
    Column indexes = column.child(0);
    int size = column.child(1).length;
    for (int i = 0; i < indexes.length; i++) {
      if (indexes.valid(i)) {
        long index = indexes.number(i);
        if (index < 0 || index >= size) {
          throw fault(column.layout, i, "has index " + index + " of a dictionary of " + size);
        }
      }
    }
  }

  private static void checkOffsets(Column column, long end) {
    Layout layout = column.layout;
    if (column.length == 0 && column.first().byteSize() == 0) {
      throw fault(layout, "has no offsets");
    }
    checkSize(layout, "offsets", column.first(), (column.length + 1L) * layout.width);
    long previous = column.start(0);
    if (previous < 0) {
      throw fault(layout, 0, "starts at offset " + previous);
    }
    for (int i = 1; i <= column.length; i++) {
      long next = column.start(i);
      if (next < previous) {
        throw fault(layout, i - 1, "ends at offset " + next + ", before its start " + previous);
      }
      previous = next;
    }
    if (previous > end) {
      throw fault(
          layout, column.length - 1, "ends at offset " + previous + " of data of size " + end);
    }
  }

  private static void checkListViews(Column column) {
    Layout layout = column.layout;
    checkSize(layout, "offsets", column.first(), (long) column.length * layout.width);
    checkSize(layout, "sizes", column.second(), (long) column.length * layout.width);
    long end = column.child(0).length;
    for (int i = 0; i < column.length; i++) {
      long start = column.start(i);
      long size = LittleEndian.get(column.second(), (long) i * layout.width, layout.width);
      boolean fits = start >= 0 && size >= 0 && start <= end && size <= end - start;
      if (!fits && column.valid(i)) {
        throw fault(
            layout, i, "has offset " + start + " and size " + size + " in a child of size " + end);
      }
    }
  }

  private static void checkViews(Column column) {
    Layout layout = column.layout;
    checkSize(layout, "views", column.first(), 16L * column.length);
    for (int i = 0; i < column.length; i++) {
      if (column.valid(i)) {
        checkView(column, i);
      }
    }
  }

  private static void checkView(Column column, int slot) {
    long at = 16L * slot;
    MemorySegment views = column.first();
    int size = views.get(LittleEndian.INT, at);
    if (size < 0) {
      throw fault(column.layout, slot, "has a view of size " + size);
    }
    if (size > 12) {
      int buffer = views.get(LittleEndian.INT, at + 8);
      int start = views.get(LittleEndian.INT, at + 12);
      if (buffer < 0 || buffer >= column.dataBufferCount()) {
        throw fault(column.layout, slot, "has a view of data buffer " + buffer);
      }
      long end = column.dataBuffer(buffer).byteSize();
      if (start < 0 || (long) start + size > end) {
        throw fault(
            column.layout,
            slot,
            "has a view of " + size + " bytes at " + start + " of a data buffer of " + end);
      }
      int prefix = views.get(LittleEndian.INT, at + 4);
      if (column.dataBuffer(buffer).get(LittleEndian.INT, start) != prefix) {
        throw fault(column.layout, slot, "has a view whose prefix is not that of its data");
      }
    }
    if (column.layout.utf8) {
      MemorySegment bytes = column.viewed(slot);
      if (!Utf8.valid(bytes, 0, bytes.byteSize())) {
        throw fault(column.layout, slot, "is not valid UTF-8");
      }
    }
  }

  private static void checkUnion(Column column) {
    Layout layout = column.layout;
    checkSize(layout, "type ids", column.first(), column.length);
    boolean dense = layout.kind == Layout.Kind.DENSE_UNION;
    if (dense) {
      checkSize(layout, "offsets", column.second(), 4L * column.length);
    }
    for (int i = 0; !dense && i < layout.children.size(); i++) {
      checkChild(column, i, column.length);
    }
    for (int i = 0; i < column.length; i++) {
      int child = layout.childOf(column.typeId(i));
      if (child < 0) {
        throw fault(layout, i, "has the unknown type id " + column.typeId(i));
      }
      int slot = column.selectedSlot(i);
      if (slot < 0 || slot >= column.child(child).length) {
        throw fault(
            layout, i, "has offset " + slot + " in a child of " + column.child(child).length);
      }
    }
  }

  private static void checkRuns(Column column) {
    Column ends = column.child(0);
    if (ends.nullCount > 0) {
      throw fault(column.layout, "has null run ends");
    }
    if (column.child(1).length < ends.length) {
      throw fault(
          column.layout,
          "has " + ends.length + " run ends for " + column.child(1).length + " values");
    }
    long previous = 0;
    for (int run = 0; run < ends.length; run++) {
      long end = column.runEnd(run);
      if (end <= previous) {
        throw fault(column.layout, "has run end " + end + " after " + previous);
      }
      previous = end;
    }
    if (previous < column.length) {
      throw fault(column.layout, "has runs for " + previous + " of " + column.length + " slots");
    }
  }

  private static void checkChild(Column column, int index, long length) {
    if (column.child(index).length < length) {
      throw fault(
          column.layout.child(index),
          "has " + column.child(index).length + " slots where its parent needs " + length);
    }
  }

  private static void checkSize(Layout layout, String name, MemorySegment buffer, long needed) {
    if (buffer.byteSize() < needed) {
      throw fault(
          layout, "has a buffer of " + name + " of " + buffer.byteSize() + " bytes, not " + needed);
    }
  }

  /** {@return whether some non-nullable field has nulls, though perhaps none that count} */
  private static boolean hasForbiddenNulls(Column column) {
    if (!column.layout.field.isNullable() && mayHoldNothing(column)) {
      return true;
    }
    if (column.encoded) {
      return hasForbiddenNulls(column.child(1));
    }
    for (int i = 0; i < column.layout.children.size(); i++) {
      if (hasForbiddenNulls(column.child(i))) {
        return true;
      }
    }
    return false;
  }

  private static boolean mayHoldNothing(Column column) {
    if (column.encoded) {
      return column.nullCount > 0 || mayHoldNothing(column.child(1));
    }
    return switch (column.layout.kind) {
      case NULL -> false;
      case SPARSE_UNION, DENSE_UNION, RUN_END -> {
        boolean found = false;
        for (int i = 0; i < column.layout.children.size(); i++) {
          Column child = column.child(i);
          found |= child.layout.kind == Layout.Kind.NULL || mayHoldNothing(child);
        }
        yield found;
      }
      case BOOL, FIXED, VAR, VIEW, LIST, LIST_VIEW, FIXED_LIST, STRUCT -> column.nullCount > 0;
    };
  }

  /** Looks for nulls in non-nullable fields, in the slots that count: all of them if null. */
  private static void checkNulls(Column column, @Nullable BitSet counted) {
    Layout layout = column.layout;
    if (!layout.field.isNullable() && mayHoldNothing(column)) {
      checkNone(column, counted);
    }
    if (column.encoded) {
      Column values = column.child(1);
      BitSet held = new BitSet();
      for (int i = 0; i < values.length; i++) {
        held.set(i, !values.nullAt(i));
      }
      checkNulls(values, held);
      return;
    }
    for (int i = 0; i < layout.children.size(); i++) {
      if (hasForbiddenNulls(column.child(i))) {
        checkNulls(column.child(i), countedOf(column, i, counted));
      }
    }
  }

  private static void checkNone(Column column, @Nullable BitSet counted) {
    boolean runs = column.layout.kind == Layout.Kind.RUN_END && !column.encoded && counted == null;
    if (runs && column.length > 0) {
      int last = column.run(column.length - 1);
      for (int run = 0; run <= last; run++) {
        if (column.child(1).nullAt(run)) {
          int slot = run == 0 ? 0 : (int) column.runEnd(run - 1);
          throw fault(column.layout, slot, "is null, but the column is not nullable");
        }
      }
      return;
    }
    for (int i = first(counted); i < column.length && i >= 0; i = next(counted, i)) {
      if (column.nullAt(i)) {
        throw fault(column.layout, i, "is null, but the column is not nullable");
      }
    }
  }

  private static int first(@Nullable BitSet counted) {
    return counted == null ? 0 : counted.nextSetBit(0);
  }

  private static int next(@Nullable BitSet counted, int slot) {
    return counted == null ? slot + 1 : counted.nextSetBit(slot + 1);
  }

  /** {@return the slots of a child that slots of its parent refer to} */
  private static @Nullable BitSet countedOf(Column column, int child, @Nullable BitSet counted) {
    if (column.layout.kind == Layout.Kind.STRUCT && column.nullCount == 0) {
      return counted;
    }
    if (column.layout.kind == Layout.Kind.RUN_END && counted == null) {
      return null;
    }
    BitSet slots = new BitSet();
    for (int i = first(counted); i < column.length && i >= 0; i = next(counted, i)) {
      switch (column.layout.kind) {
        case STRUCT -> slots.set(i, column.valid(i));
        case LIST, LIST_VIEW -> {
          if (column.valid(i)) {
            slots.set((int) column.start(i), (int) column.end(i));
          }
        }
        case FIXED_LIST -> {
          int size = column.layout.width;
          slots.set(i * size, (i + 1) * size, column.valid(i));
        }
        case SPARSE_UNION, DENSE_UNION -> {
          if (column.layout.childOf(column.typeId(i)) == child) {
            slots.set(column.selectedSlot(i));
          }
        }
        case RUN_END -> slots.set(column.run(i));
        case NULL, BOOL, FIXED, VAR, VIEW -> {}
      }
    }
    return slots;
  }

  private static InvalidBatchException fault(Layout layout, String fault) {
    return new InvalidBatchException("column '" + layout.path + "' " + fault);
  }

  static InvalidBatchException fault(Layout layout, int slot, String fault) {
    return new InvalidBatchException("column '" + layout.path + "', row " + slot + ", " + fault);
  }
}
