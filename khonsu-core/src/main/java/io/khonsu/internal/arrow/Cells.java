package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Equality and hashes of slots of equally laid-out columns: by logical content, bit by bit (so
 * {@code 0.0} and {@code -0.0} differ, and a NaN equals itself); nulls are equal. Hashes are the
 * same on every machine.
 */
final class Cells {
  private static final long NULL_HASH = 0x9e3779b97f4a7c15L;
  private static final long MULTIPLIER = 0xbf58476d1ce4e5b9L;

  private Cells() {}

  static boolean equal(Column a, int i, Column b, int j) {
    return switch (a.layout.kind) {
      case NULL -> true;
      case RUN_END -> equal(a.child(1), a.run(i), b.child(1), b.run(j));
      case SPARSE_UNION, DENSE_UNION ->
          a.typeId(i) == b.typeId(j)
              && equal(a.selected(i), a.selectedSlot(i), b.selected(j), b.selectedSlot(j));
      default -> {
        boolean valid = a.valid(i);
        yield valid == b.valid(j) && (!valid || equalValues(a, i, b, j));
      }
    };
  }

  static long hash(Column column, int slot) {
    return switch (column.layout.kind) {
      case NULL -> NULL_HASH;
      case RUN_END -> hash(column.child(1), column.run(slot));
      case SPARSE_UNION, DENSE_UNION ->
          mix(column.typeId(slot), hash(column.selected(slot), column.selectedSlot(slot)));
      default -> column.valid(slot) ? hashValue(column, slot) : NULL_HASH;
    };
  }

  static long mix(long hash, long value) {
    long mixed = (hash ^ value) * MULTIPLIER;
    return (mixed ^ (mixed >>> 29)) + NULL_HASH;
  }

  private static boolean equalValues(Column a, int i, Column b, int j) {
    return switch (a.layout.kind) {
      case BOOL -> a.number(i) == b.number(j);
      case FIXED -> equalFixed(a, i, b, j);
      case VAR -> {
        long from = a.start(i);
        long other = b.start(j);
        yield MemorySegment.mismatch(a.second(), from, a.end(i), b.second(), other, b.end(j)) < 0;
      }
      case VIEW -> a.viewed(i).mismatch(b.viewed(j)) < 0;
      case LIST, LIST_VIEW ->
          equalRanges(a, new long[] {a.start(i), a.end(i)}, b, new long[] {b.start(j), b.end(j)});
      case FIXED_LIST -> {
        long size = a.layout.width;
        yield equalRanges(
            a, new long[] {i * size, (i + 1) * size}, b, new long[] {j * size, (j + 1) * size});
      }
      case STRUCT -> {
        boolean equal = true;
        for (int child = 0; equal && child < a.layout.children.size(); child++) {
          equal = equal(a.child(child), i, b.child(child), j);
        }
        yield equal;
      }
      case NULL, RUN_END, SPARSE_UNION, DENSE_UNION -> equal(a, i, b, j);
    };
  }

  private static boolean equalFixed(Column a, int i, Column b, int j) {
    int width = a.layout.width;
    long from = (long) i * width;
    long other = (long) j * width;
    return switch (width) {
      case 1, 2, 4, 8 ->
          LittleEndian.get(a.first(), from, width) == LittleEndian.get(b.first(), other, width);
      default ->
          MemorySegment.mismatch(a.first(), from, from + width, b.first(), other, other + width)
              < 0;
    };
  }

  private static boolean equalRanges(Column a, long[] range, Column b, long[] other) {
    long size = range[1] - range[0];
    boolean equal = size == other[1] - other[0];
    for (long k = 0; equal && k < size; k++) {
      equal = equal(a.child(0), (int) (range[0] + k), b.child(0), (int) (other[0] + k));
    }
    return equal;
  }

  private static long hashValue(Column column, int slot) {
    return switch (column.layout.kind) {
      case BOOL -> mix(1, column.number(slot));
      case FIXED -> hashFixed(column, slot);
      case VAR -> hashBytes(column.second(), column.start(slot), column.end(slot));
      case VIEW -> {
        MemorySegment bytes = column.viewed(slot);
        yield hashBytes(bytes, 0, bytes.byteSize());
      }
      case LIST, LIST_VIEW -> hashRange(column.child(0), column.start(slot), column.end(slot));
      case FIXED_LIST -> {
        long size = column.layout.width;
        yield hashRange(column.child(0), slot * size, (slot + 1) * size);
      }
      case STRUCT -> {
        long hash = 3;
        for (int child = 0; child < column.layout.children.size(); child++) {
          hash = mix(hash, hash(column.child(child), slot));
        }
        yield hash;
      }
      case NULL, RUN_END, SPARSE_UNION, DENSE_UNION -> hash(column, slot);
    };
  }

  private static long hashFixed(Column column, int slot) {
    int width = column.layout.width;
    long at = (long) slot * width;
    return switch (width) {
      case 1, 2, 4, 8 -> mix(width, LittleEndian.get(column.first(), at, width));
      default -> hashBytes(column.first(), at, at + width);
    };
  }

  private static long hashRange(Column child, long from, long end) {
    long hash = end - from;
    for (long i = from; i < end; i++) {
      hash = mix(hash, hash(child, (int) i));
    }
    return hash;
  }

  private static long hashBytes(MemorySegment bytes, long from, long end) {
    long hash = end - from;
    long at = from;
    for (; end - at >= 8; at += 8) {
      hash = mix(hash, bytes.get(LittleEndian.LONG, at));
    }
    long tail = 0;
    for (int shift = 0; at < end; at++, shift += 8) {
      tail |= (bytes.get(ValueLayout.JAVA_BYTE, at) & 0xffL) << shift;
    }
    return mix(hash, tail);
  }
}
