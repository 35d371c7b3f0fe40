package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one field of a batch and of its children, whoever owns it.
 *
 * <p>{@code buffers} holds the validity bitmap, meaningful only if {@link #nullCount} is positive,
 * then what the layout needs: values, bits, views or type ids; or offsets; then var-width data,
 * sizes or dense offsets; for views any number of data buffers. Every segment is bounded by its
 * buffer, so malformed content can fail but never read elsewhere.
 */
final class Column implements ColumnView {
  static final MemorySegment NONE = MemorySegment.ofArray(new byte[0]);
  private static final Column[] NO_CHILDREN = {};

  final Layout layout;
  final int length;
  final int nullCount;

  /** Whether the children are the indexes and the values of a dictionary. */
  final boolean encoded;

  private final MemorySegment[] buffers;
  private final Column[] children;
  private @Nullable FrozenBatch owner;

  private Column(
      Layout layout,
      int length,
      int nullCount,
      boolean encoded,
      MemorySegment[] buffers,
      Column[] children) {
    this.layout = layout;
    this.length = length;
    this.nullCount = nullCount;
    this.encoded = encoded;
    this.buffers = buffers;
    this.children = children;
  }

  static Column leaf(Layout layout, int length, int nullCount, MemorySegment... buffers) {
    return new Column(layout, length, nullCount, false, buffers, NO_CHILDREN);
  }

  static Column nested(
      Layout layout, int length, int nullCount, MemorySegment[] buffers, Column... children) {
    return new Column(layout, length, nullCount, false, buffers, children);
  }

  /** {@return a column whose slot {@code i} is slot {@code indexes[i]} of {@code values}} */
  static Column encoded(Layout layout, Column indexes, Column values) {
    return new Column(
        layout,
        indexes.length,
        indexes.nullCount,
        true,
        indexes.buffers,
        new Column[] {indexes, values});
  }

  /** Makes reads through {@link ColumnView} fail once {@code batch} is released. */
  Column ownedBy(FrozenBatch batch) {
    owner = batch;
    return this;
  }

  MemorySegment validity() {
    return buffers[0];
  }

  MemorySegment first() {
    return buffers[1];
  }

  MemorySegment second() {
    return buffers[2];
  }

  int dataBufferCount() {
    return buffers.length - 2;
  }

  MemorySegment dataBuffer(int index) {
    return buffers[2 + index];
  }

  Column child(int index) {
    return children[index];
  }

  /** {@return whether the bitmap marks the slot as valid; true for layouts without a bitmap} */
  boolean valid(int slot) {
    return nullCount == 0 || Bits.get(buffers[0], slot);
  }

  /** {@return the start of a var-width, list or list-view slot in the data or child} */
  long start(int slot) {
    return LittleEndian.get(buffers[1], (long) slot * layout.width, layout.width);
  }

  /** {@return the end, exclusive, of a var-width, list or list-view slot in the data or child} */
  long end(int slot) {
    if (layout.kind == Layout.Kind.LIST_VIEW) {
      return start(slot) + LittleEndian.get(buffers[2], (long) slot * layout.width, layout.width);
    }
    return start(slot + 1);
  }

  int typeId(int slot) {
    return buffers[1].get(ValueLayout.JAVA_BYTE, slot);
  }

  /** {@return the child that holds a union's slot} */
  Column selected(int slot) {
    return children[Objects.checkIndex(layout.childOf(typeId(slot)), children.length)];
  }

  /** {@return where in its child a union's slot lies} */
  int selectedSlot(int slot) {
    return layout.kind == Layout.Kind.SPARSE_UNION
        ? slot
        : buffers[2].get(LittleEndian.INT, (long) slot * 4);
  }

  long runEnd(int run) {
    Column ends = children[0];
    return LittleEndian.get(ends.first(), (long) run * ends.layout.width, ends.layout.width);
  }

  /** {@return the first run that ends after {@code slot}} */
  int run(int slot) {
    int low = 0;
    int high = children[0].length - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (runEnd(middle) > slot) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** {@return where the bytes of a view lie, in the views themselves or in a data buffer} */
  MemorySegment viewed(int slot) {
    long at = 16L * slot;
    int size = buffers[1].get(LittleEndian.INT, at);
    if (size <= 12) {
      return buffers[1].asSlice(at + 4, size);
    }
    int buffer = buffers[1].get(LittleEndian.INT, at + 8);
    return dataBuffer(buffer).asSlice(buffers[1].get(LittleEndian.INT, at + 12), size);
  }

  /** {@return the bytes of a slot of a fixed-width, var-width or view column} */
  MemorySegment bytes(int slot) {
    return switch (layout.kind) {
      case FIXED -> buffers[1].asSlice((long) slot * layout.width, layout.width);
      case VAR -> {
        long start = start(slot);
        yield buffers[2].asSlice(start, end(slot) - start);
      }
      case VIEW -> viewed(slot);
      default -> throw new IllegalStateException(layout.path + " has no bytes of its own");
    };
  }

  int countNulls(int from, int count) {
    return nullCount == 0 ? 0 : count - Bits.countOnes(buffers[0], from, count);
  }

  /** {@return whether the slot holds nothing, looking through unions, runs and dictionaries} */
  boolean nullAt(int slot) {
    if (encoded) {
      return !valid(slot) || children[1].nullAt((int) children[0].number(slot));
    }
    return switch (layout.kind) {
      case NULL -> true;
      case SPARSE_UNION, DENSE_UNION -> selected(slot).nullAt(selectedSlot(slot));
      case RUN_END -> children[1].nullAt(run(slot));
      default -> !valid(slot);
    };
  }

  long number(int slot) {
    return switch (layout.kind) {
      case BOOL -> Bits.get(buffers[1], slot) ? 1 : 0;
      case FIXED -> {
        int width = layout.width;
        if (width > 8) {
          throw new IllegalStateException(layout.path + " is wider than a long");
        }
        long value = LittleEndian.get(buffers[1], (long) slot * width, width);
        yield layout.signed || width == 8 ? value : value & ((1L << (8 * width)) - 1);
      }
      case RUN_END -> children[1].number(run(slot));
      case SPARSE_UNION, DENSE_UNION -> selected(slot).number(selectedSlot(slot));
      default -> throw new IllegalStateException(layout.path + " is no number");
    };
  }

  double real(int slot) {
    return switch (layout.kind) {
      case FIXED ->
          switch (layout.width) {
            case 2 -> Float.float16ToFloat(buffers[1].get(LittleEndian.SHORT, 2L * slot));
            case 4 -> Float.intBitsToFloat(buffers[1].get(LittleEndian.INT, 4L * slot));
            case 8 -> Double.longBitsToDouble(buffers[1].get(LittleEndian.LONG, 8L * slot));
            default -> throw new IllegalStateException(layout.path + " is no number");
          };
      case RUN_END -> children[1].real(run(slot));
      case SPARSE_UNION, DENSE_UNION -> selected(slot).real(selectedSlot(slot));
      default -> throw new IllegalStateException(layout.path + " is no number");
    };
  }

  @Nullable Object object(int slot) {
    return ValueReader.read(this, slot);
  }

  @Override
  public Field field() {
    return layout.field;
  }

  @Override
  public boolean isNull(int row) {
    check(row);
    return nullAt(row);
  }

  @Override
  public long getLong(int row) {
    check(row);
    return number(row);
  }

  @Override
  public double getDouble(int row) {
    check(row);
    return real(row);
  }

  @Override
  public int lengthBytes(int row) {
    check(row);
    return switch (layout.kind) {
      case BOOL -> 1;
      case FIXED -> layout.width;
      case RUN_END -> children[1].lengthBytes(run(row));
      case SPARSE_UNION, DENSE_UNION -> selected(row).lengthBytes(selectedSlot(row));
      case VAR -> Math.toIntExact(end(row) - start(row));
      default -> Math.toIntExact(bytes(row).byteSize());
    };
  }

  @Override
  public void copyBytes(int row, byte[] target, int offset) {
    check(row);
    switch (layout.kind) {
      case BOOL -> target[offset] = (byte) number(row);
      case RUN_END -> children[1].copyBytes(run(row), target, offset);
      case SPARSE_UNION, DENSE_UNION -> selected(row).copyBytes(selectedSlot(row), target, offset);
      default -> {
        MemorySegment bytes = bytes(row);
        int size = Math.toIntExact(bytes.byteSize());
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, target, offset, size);
      }
    }
  }

  /** Fails on a row outside the column, and on a released batch. */
  private void check(int row) {
    Objects.checkIndex(row, length);
    if (owner != null) {
      owner.checkLive();
    }
  }
}
