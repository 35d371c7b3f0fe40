package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The growable memory of one field and of its children.
 *
 * <p>What it holds is always canonical: offsets start at 0, children hold nothing that no slot
 * refers to unless the source did, views refer to one data buffer, list-views lie in order, and
 * nothing is dictionary-encoded. The validity bitmap exists from the first null on.
 */
abstract sealed class ColumnBuilder
    permits FlatBuilder, VarBuilder, ListBuilder, GroupBuilder, UnionBuilder, RunEndBuilder {
  /**
   * The most slots of one field of a batch, at any depth; it bounds what a decoder may allocate.
   */
  static final int LENGTH_MAX = 1 << 28;

  final Layout layout;
  int length;
  private int nullCount;
  private final GrowableBytes validity = new GrowableBytes();

  ColumnBuilder(Layout layout) {
    this.layout = layout;
  }

  static ColumnBuilder of(Layout layout) {
    return switch (layout.kind) {
      case NULL, BOOL, FIXED -> new FlatBuilder(layout);
      case VAR, VIEW -> new VarBuilder(layout);
      case LIST, LIST_VIEW -> new ListBuilder(layout);
      case FIXED_LIST, STRUCT -> new GroupBuilder(layout);
      case SPARSE_UNION, DENSE_UNION -> new UnionBuilder(layout);
      case RUN_END -> new RunEndBuilder(layout);
    };
  }

  /** Appends {@code count} slots of an equally laid-out column. */
  final void append(Column source, int from, int count) {
    if (count == 0) {
      return;
    }
    if (source.encoded) {
      appendDecoded(source, from, count);
      return;
    }
    checkRoom(count);
    if (layout.hasValidity()) {
      appendValidity(source, from, count);
    }
    appendSlots(source, from, count);
    length += count;
  }

  /**
   * Appends a natural Java value.
   *
   * @throws IllegalArgumentException if the type or range of the value is wrong; the builder is
   *     then to be restored to a mark
   */
  final void appendObject(@Nullable Object value) {
    checkRoom(1);
    if (value == null) {
      if (!layout.field.isNullable() && layout.kind != Layout.Kind.NULL) {
        throw ValueWriter.wrong(layout, "no null", null);
      }
      appendNulls(1);
      return;
    }
    if (layout.hasValidity()) {
      appendValid(1);
    }
    appendValue(value);
    length++;
  }

  /** Appends slots that hold nothing, whether or not the field is nullable. */
  final void appendNulls(int count) {
    checkRoom(count);
    if (layout.hasValidity()) {
      materializeValidity(length + (long) count);
      Bits.fill(validity.bytes, length, count, false);
      nullCount += count;
    }
    appendEmptySlots(count);
    length += count;
  }

  /** {@return the slots so far; valid until this builder is restored to a mark} */
  final Column view() {
    return view(nullCount == 0 ? Column.NONE : validity.view(Bits.sizeBytes(length)), nullCount);
  }

  final void save(Marks marks) {
    marks.write(length);
    marks.write(nullCount);
    saveSlots(marks);
  }

  final void restore(Marks marks) {
    length = marks.read();
    nullCount = marks.read();
    restoreSlots(marks);
  }

  /** Makes room for that many more slots where their size is known. */
  abstract void reserve(int count);

  abstract void appendSlots(Column source, int from, int count);

  abstract void appendValue(Object value);

  abstract void appendEmptySlots(int count);

  abstract Column view(MemorySegment bitmap, int nulls);

  abstract void saveSlots(Marks marks);

  abstract void restoreSlots(Marks marks);

  private void checkRoom(int count) {
    if (count > LENGTH_MAX - length) {
      throw new IllegalArgumentException(
          "column '" + layout.path + "' of a batch holds at most " + LENGTH_MAX + " slots");
    }
  }

  private void appendDecoded(Column source, int from, int count) {
    Column indexes = source.child(0);
    Column values = source.child(1);
    int at = from;
    int end = from + count;
    while (at < end) {
      if (!indexes.valid(at)) {
        appendNulls(1);
        at++;
        continue;
      }
      int first = Math.toIntExact(indexes.number(at));
      int run = 1;
      while (at + run < end
          && indexes.valid(at + run)
          && indexes.number(at + run) == (long) first + run) {
        run++;
      }
      append(values, first, run);
      at += run;
    }
  }

  private void appendValidity(Column source, int from, int count) {
    int nulls = source.countNulls(from, count);
    if (nulls == 0) {
      appendValid(count);
      return;
    }
    materializeValidity(length + (long) count);
    Bits.copy(source.validity(), from, validity.bytes, length, count);
    nullCount += nulls;
  }

  private void appendValid(int count) {
    if (nullCount > 0) {
      materializeValidity(length + (long) count);
      Bits.fill(validity.bytes, length, count, true);
    }
  }

  private void materializeValidity(long bits) {
    validity.ensure((bits + 7) >>> 3);
    if (nullCount == 0) {
      Bits.fill(validity.bytes, 0, length, true);
    }
  }
}
