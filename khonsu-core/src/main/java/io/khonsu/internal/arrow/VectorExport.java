package io.khonsu.internal.arrow;

import com.google.errorprone.annotations.MustBeClosed;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;

/**
 * Columns as Arrow vectors.
 *
 * <p>Vectors made here always start at offset 0, because parts of Arrow's Java library miscount
 * those that do not. So of a range of rows what is shared is values, strings and whole children;
 * offsets, bitmaps that start inside a byte, and layouts that refer to their children at random are
 * copied.
 */
final class VectorExport {
  /** Below this many rows a copy costs less than the references to a shared buffer. */
  private static final int SHARED_ROWS_MIN = 64;

  private final ArrowBuf shared;
  private final BufferAllocator allocator;
  private final List<ArrowBuf> copies = new ArrayList<>();

  private VectorExport(ArrowBuf shared, BufferAllocator allocator) {
    this.shared = shared;
    this.allocator = allocator;
  }

  @SuppressWarnings("ReferenceEquality") // Buffers move only between allocators of one root.
  static boolean sharable(FrozenBatch batch, int count, BufferAllocator allocator) {
    ArrowBuf buffer = batch.buffer();
    return buffer != null
        && count >= SHARED_ROWS_MIN
        && buffer.getReferenceManager().getAllocator().getRoot() == allocator.getRoot();
  }

  /** {@return the rows of a native batch, which they keep alive} */
  @MustBeClosed
  static VectorSchemaRoot share(
      BatchSchema schema,
      Column[] columns,
      FrozenBatch batch,
      int[] firstAndCount,
      BufferAllocator allocator) {
    ArrowBuf buffer = batch.buffer();
    if (buffer == null) {
      throw new IllegalArgumentException("the batch is on the heap");
    }
    return load(schema, columns, buffer, firstAndCount, allocator);
  }

  /** {@return a copy of canonical columns} */
  @MustBeClosed
  static VectorSchemaRoot copy(
      BatchSchema schema, Column[] columns, int rowCount, BufferAllocator allocator) {
    NativeBlock block = new NativeBlock(columns, allocator);
    try {
      return load(schema, block.columns, block.buffer, new int[] {0, rowCount}, allocator);
    } finally {
      block.buffer.close();
    }
  }

  @MustBeClosed
  private static VectorSchemaRoot load(
      BatchSchema schema,
      Column[] columns,
      ArrowBuf buffer,
      int[] firstAndCount,
      BufferAllocator allocator) {
    VectorSchemaRoot root = VectorSchemaRoot.create(schema.schema(), allocator);
    try {
      VectorExport export = new VectorExport(buffer, allocator);
      for (int i = 0; i < columns.length; i++) {
        export.load(root.getVector(i), columns[i], firstAndCount[0], firstAndCount[1]);
      }
      root.setRowCount(firstAndCount[1]);
      return root;
    } catch (RuntimeException e) {
      root.close();
      throw e;
    }
  }

  private void load(FieldVector vector, Column column, int from, int count) {
    boolean part = from > 0 || count < column.length;
    switch (column.layout.kind) {
      case VIEW, LIST_VIEW, DENSE_UNION, RUN_END -> {
        if (part) {
          loadCopy(vector, column, from, count);
          return;
        }
      }
      default -> {}
    }
    int nulls = column.countNulls(from, count);
    try {
      List<ArrowBuf> buffers = new ArrayList<>(3);
      if (column.layout.hasValidity()) {
        buffers.add(nulls == 0 ? allocator.getEmpty() : bits(column.validity(), from, count));
      }
      addBuffers(column, from, count, buffers);
      vector.loadFieldBuffers(new ArrowFieldNode(count, nulls), buffers);
    } finally {
      copies.forEach(ArrowBuf::close);
      copies.clear();
    }
    loadChildren(vector, column, from, count);
  }

  private void addBuffers(Column column, int from, int count, List<ArrowBuf> buffers) {
    int width = column.layout.width;
    switch (column.layout.kind) {
      case NULL, FIXED_LIST, STRUCT, RUN_END -> {}
      case BOOL -> buffers.add(bits(column.first(), from, count));
      case FIXED -> buffers.add(slice(column.first(), (long) from * width, (long) count * width));
      case VAR -> {
        long start = column.start(from);
        buffers.add(offsets(column, from, count));
        buffers.add(slice(column.second(), start, column.start(from + count) - start));
      }
      case LIST -> buffers.add(offsets(column, from, count));
      case SPARSE_UNION -> buffers.add(slice(column.first(), from, count));
      case VIEW -> {
        buffers.add(slice(column.first(), 0, 16L * count));
        if (column.second().byteSize() > 0) {
          buffers.add(slice(column.second(), 0, column.second().byteSize()));
        }
      }
      case LIST_VIEW, DENSE_UNION -> {
        buffers.add(slice(column.first(), 0, column.first().byteSize()));
        buffers.add(slice(column.second(), 0, column.second().byteSize()));
      }
    }
  }

  private void loadChildren(FieldVector vector, Column column, int from, int count) {
    List<FieldVector> children = vector.getChildrenFromFields();
    for (int i = 0; i < column.layout.children.size(); i++) {
      Column child = column.child(i);
      switch (column.layout.kind) {
        case STRUCT, SPARSE_UNION -> load(children.get(i), child, from, count);
        case FIXED_LIST -> {
          int size = column.layout.width;
          load(children.get(i), child, from * size, count * size);
        }
        case LIST -> {
          int start = (int) column.start(from);
          load(children.get(i), child, start, (int) column.start(from + count) - start);
        }
        default -> load(children.get(i), child, 0, child.length);
      }
    }
  }

  private void loadCopy(FieldVector vector, Column column, int from, int count) {
    ColumnBuilder builder = ColumnBuilder.of(column.layout);
    builder.append(column, from, count);
    NativeBlock block = new NativeBlock(new Column[] {builder.view()}, allocator);
    try {
      new VectorExport(block.buffer, allocator).load(vector, block.columns[0], 0, count);
    } finally {
      block.buffer.close();
    }
  }

  private ArrowBuf slice(MemorySegment part, long from, long size) {
    return size == 0
        ? allocator.getEmpty()
        : shared.slice(part.address() - shared.memoryAddress() + from, size);
  }

  private ArrowBuf bits(MemorySegment bitmap, int from, int count) {
    int size = Bits.sizeBytes(count);
    if ((from & 7) == 0) {
      return slice(bitmap, from >>> 3, size);
    }
    byte[] moved = new byte[size];
    Bits.copy(bitmap, from, moved, 0, count);
    return copied(moved);
  }

  private ArrowBuf offsets(Column column, int from, int count) {
    int width = column.layout.width;
    long start = column.start(from);
    if (start == 0) {
      return slice(column.first(), (long) from * width, (count + 1L) * width);
    }
    byte[] moved = new byte[Math.multiplyExact(count + 1, width)];
    for (int i = 0; i <= count; i++) {
      LittleEndian.put(moved, i * width, width, column.start(from + i) - start);
    }
    return copied(moved);
  }

  private ArrowBuf copied(byte[] bytes) {
    ArrowBuf copy = allocator.buffer(bytes.length);
    copies.add(copy);
    MemorySegment target = NativeMemory.of(copy, bytes.length);
    MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, 0, bytes.length);
    return copy;
  }
}
