package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;

/** Columns copied into one Arrow buffer, each of their buffers at a multiple of 64 bytes. */
final class NativeBlock {
  private static final long ALIGNMENT = 64;

  final ArrowBuf buffer;
  final Column[] columns;

  private final MemorySegment memory;
  private long at;

  /** The caller owns the one reference to {@link #buffer}. */
  NativeBlock(Column[] sources, BufferAllocator allocator) {
    long size = 0;
    for (Column source : sources) {
      size += sizeBytes(source);
    }
    buffer = allocator.buffer(size);
    memory = NativeMemory.of(buffer, size);
    columns = new Column[sources.length];
    for (int i = 0; i < sources.length; i++) {
      columns[i] = copy(sources[i]);
    }
  }

  /** {@return the bytes that a copy of a canonical column takes} */
  private static long sizeBytes(Column column) {
    long size = column.nullCount > 0 ? aligned(Bits.sizeBytes(column.length)) : 0;
    for (int i = 0; i < slotBuffers(column.layout); i++) {
      size += aligned(bufferBytes(column, i));
    }
    for (int i = 0; i < column.layout.children.size(); i++) {
      size += sizeBytes(column.child(i));
    }
    return size;
  }

  private static int slotBuffers(Layout layout) {
    return layout.bufferCount() - (layout.hasValidity() ? 1 : 0);
  }

  /** {@return the bytes in use of the buffer after the bitmap, or of the one after that} */
  private static long bufferBytes(Column column, int buffer) {
    long length = column.length;
    int width = column.layout.width;
    return switch (column.layout.kind) {
      case BOOL -> Bits.sizeBytes(column.length);
      case FIXED, LIST_VIEW -> length * width;
      case VAR -> buffer == 0 ? (length + 1) * width : column.second().byteSize();
      case VIEW -> buffer == 0 ? length * 16 : column.second().byteSize();
      case LIST -> (length + 1) * width;
      case SPARSE_UNION -> length;
      case DENSE_UNION -> buffer == 0 ? length : length * 4;
      case NULL, FIXED_LIST, STRUCT, RUN_END -> 0;
    };
  }

  private static long aligned(long size) {
    return (size + ALIGNMENT - 1) & -ALIGNMENT;
  }

  private Column copy(Column source) {
    Layout layout = source.layout;
    boolean bits = layout.kind == Layout.Kind.BOOL;
    MemorySegment[] buffers = new MemorySegment[3];
    buffers[0] = source.nullCount > 0 ? copyBits(source.validity(), source.length) : Column.NONE;
    buffers[1] = Column.NONE;
    buffers[2] = Column.NONE;
    for (int i = 0; i < slotBuffers(layout); i++) {
      MemorySegment from = i == 0 ? source.first() : source.second();
      buffers[i + 1] = bits ? copyBits(from, source.length) : copy(from, bufferBytes(source, i));
    }
    Column[] children = new Column[layout.children.size()];
    for (int i = 0; i < children.length; i++) {
      children[i] = copy(source.child(i));
    }
    return Column.nested(layout, source.length, source.nullCount, buffers, children);
  }

  private MemorySegment copyBits(MemorySegment source, int count) {
    MemorySegment target = copy(source, Bits.sizeBytes(count));
    if ((count & 7) != 0) {
      long last = target.byteSize() - 1;
      int kept = target.get(ValueLayout.JAVA_BYTE, last) & ((1 << (count & 7)) - 1);
      target.set(ValueLayout.JAVA_BYTE, last, (byte) kept);
    }
    return target;
  }

  private MemorySegment copy(MemorySegment source, long size) {
    MemorySegment target = memory.asSlice(at, size);
    MemorySegment.copy(source, 0, target, 0, size);
    MemorySegment padding = memory.asSlice(at + size, aligned(size) - size);
    padding.fill((byte) 0);
    at += aligned(size);
    return target;
  }
}
