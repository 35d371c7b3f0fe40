package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.WriteSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/**
 * What a transaction has written and nobody else can see: the write set, and per table the rows
 * that its entries point to by index. Rows that were written over stay until the commit leaves them
 * out. On the heap, so that dropping it leaves nothing behind. Not thread-safe.
 */
final class StagedWrites {
  /** The index of what is no row or batch. */
  private static final int MERGE_INDEX = Integer.MAX_VALUE;

  private final WriteSet<StoredValue> writes = new WriteSet<>();
  private final List<StagedTable> tables = new ArrayList<>(1);
  private long otherBytes;

  WriteSet<StoredValue> writes() {
    return writes;
  }

  List<StagedTable> tables() {
    return tables;
  }

  boolean isEmpty() {
    return writes.size() == 0;
  }

  long sizeBytes() {
    long size = otherBytes;
    for (StagedTable table : tables) {
      size += table.sizeBytes();
    }
    return size;
  }

  /** {@return what is staged for a table} */
  @SuppressWarnings("ReferenceEquality") // handles are unique in a store
  StagedTable of(Table table) {
    for (StagedTable staged : tables) {
      if (staged.table == table) {
        return staged;
      }
    }
    StagedTable added = new StagedTable(table);
    tables.add(added);
    return added;
  }

  /**
   * {@return what was staged to be merged into a row, or null if nothing else was staged for it}
   */
  @Nullable StoredMerge mergeOf(int position) {
    return writes.isMerge(position)
            && writes.version(position).value() instanceof StoredMerge staged
        ? staged
        : null;
  }

  /** Merges, after what is to be merged into the row already. */
  void merge(Key key, MergeStep step) {
    int found = writes.find(key);
    StoredMerge before = found < 0 ? null : mergeOf(found);
    StoredMerge all = before == null ? new StoredMerge(List.of(step)) : before.plus(step);
    var _ = writes.merge(key, all, MERGE_INDEX, ConflictStrategy.FAIL);
    otherBytes += StoredMerge.STEP_BYTES + (found < 0 ? key.sizeBytes() : 0);
  }

  void delete(Key key, ConflictStrategy strategy) {
    int before = writes.size();
    var _ = writes.delete(key, strategy);
    otherBytes += writes.size() > before ? key.sizeBytes() : 0;
  }

  /** {@return the present state, to return to} */
  Mark mark() {
    List<TableMark> marks = new ArrayList<>(tables.size());
    for (StagedTable table : tables) {
      marks.add(table.mark());
    }
    return new Mark(writes.mark(), marks, otherBytes);
  }

  /** Drops what was staged since, and brings back what it had replaced. */
  void rollbackTo(Mark mark) {
    writes.rollbackTo(mark.writes);
    tables.subList(mark.tables.size(), tables.size()).clear();
    for (int i = 0; i < tables.size(); i++) {
      tables.get(i).rollbackTo(mark.tables.get(i));
    }
    otherBytes = mark.otherBytes;
  }

  /** Says that nobody will return to a mark. */
  void forgetMarks() {
    writes.forgetMarks();
  }

  /** A state of what is staged; later tables were empty then. */
  record Mark(WriteSet.Mark writes, List<TableMark> tables, long otherBytes) {}

  /** A state of what is staged for one table. */
  record TableMark(BatchBuilder.@Nullable Savepoint rows, int batchCount, long batchBytes) {}

  /** {@return the positions of writes in an interval, in key order} */
  int[] positionsIn(KeyInterval interval) {
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < writes.size(); i++) {
      if (interval.contains(writes.key(i))) {
        found.add(i);
      }
    }
    found.sort((a, b) -> writes.key(a).compareTo(writes.key(b)));
    return found.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Turns what is staged into batches, and points the write set at them.
   *
   * @param allocator gives what is too large for the heap; null if nothing is, as for batches that
   *     only become a request
   * @return the batches, which the caller owns until the writes are accepted
   */
  List<StoredBatch> freeze(Memory memory, @Nullable BufferAllocator allocator) {
    List<StoredBatch> frozen = new ArrayList<>(tables.size());
    try {
      for (StagedTable staged : tables) {
        staged.freeze(memory, allocator, frozen);
      }
      return frozen;
    } catch (RuntimeException | Error e) {
      frozen.forEach(StoredBatch::discard);
      throw e;
    }
  }

  /** What is staged for one table. */
  final class StagedTable {
    final Table table;

    /** All rows of a row table; null for a batch table. */
    final @Nullable BatchBuilder rows;

    /** The batches of a batch table, by index. */
    final List<BatchBuilder> batches = new ArrayList<>();

    /** By row or batch, the position of its write. */
    private int[] positions = new int[1];

    private long batchBytes;

    private StagedTable(Table table) {
      this.table = table;
      this.rows = table.isRowTable() ? new BatchBuilder(table.batchSchema()) : null;
    }

    BatchBuilder requireRows() {
      if (rows == null) {
        throw new AssertionError("broken invariant: a row table has staged rows");
      }
      return rows;
    }

    long sizeBytes() {
      return rows != null ? rows.sizeBytes() : batchBytes;
    }

    /** Points the writes of keys at the rows from {@code firstRow} on. */
    void putRows(Key[] keys, int firstRow, ConflictStrategy strategy) {
      reserve(firstRow + keys.length);
      writes.reserve(keys.length);
      for (int i = 0; i < keys.length; i++) {
        positions[firstRow + i] = writes.put(keys[i], null, firstRow + i, strategy);
      }
    }

    void putBatch(Key key, BatchBuilder batch, ConflictStrategy strategy, boolean appends) {
      int index = batches.size();
      batches.add(batch);
      batchBytes += batch.sizeBytes();
      reserve(index + 1);
      positions[index] =
          appends
              ? writes.merge(key, null, index, strategy)
              : writes.put(key, null, index, strategy);
    }

    private TableMark mark() {
      return new TableMark(rows == null ? null : rows.savepoint(), batches.size(), batchBytes);
    }

    private void rollbackTo(TableMark mark) {
      if (rows != null && mark.rows != null) {
        rows.rollbackTo(mark.rows);
      }
      batches.subList(mark.batchCount, batches.size()).clear();
      batchBytes = mark.batchBytes;
    }

    private void reserve(int count) {
      if (count > positions.length) {
        positions = Arrays.copyOf(positions, Math.max(count, positions.length * 2));
      }
    }

    /** {@return whether no later write took the place of this row or batch} */
    private boolean isCurrent(int index) {
      return writes.version(positions[index]).index() == index;
    }

    private void freeze(
        Memory memory, @Nullable BufferAllocator allocator, List<StoredBatch> frozen) {
      if (rows != null) {
        freezeRows(rows, memory, allocator, frozen);
      } else {
        freezeBatches(memory, allocator, frozen);
      }
    }

    private void freezeRows(
        BatchBuilder staged,
        Memory memory,
        @Nullable BufferAllocator allocator,
        List<StoredBatch> frozen) {
      int count = staged.rowCount();
      int[] kept = new int[count];
      int keptCount = 0;
      for (int row = 0; row < count; row++) {
        if (isCurrent(row)) {
          kept[keptCount++] = row;
        }
      }
      int most = rowsOfOne(staged, memory.batchBytesMax());
      for (int from = 0; from < keptCount; from += most) {
        int to = Math.min(keptCount, from + most);
        frozen.add(freezeRows(staged, memory, allocator, Arrays.copyOfRange(kept, from, to)));
      }
    }

    /** {@return how many rows to put into one batch} */
    private static int rowsOfOne(BatchBuilder rows, long batchBytesMax) {
      if (batchBytesMax == Long.MAX_VALUE) {
        return Integer.MAX_VALUE / 2;
      }
      long rowBytes = Math.max(1, rows.sizeBytes() / Math.max(1, rows.rowCount()));
      return Math.clamp(batchBytesMax / rowBytes, 1, Integer.MAX_VALUE / 2);
    }

    private StoredBatch freezeRows(
        BatchBuilder staged, Memory memory, @Nullable BufferAllocator allocator, int[] kept) {
      BatchBuilder rows = kept.length == staged.rowCount() ? staged : staged.copy(kept);
      StoredBatch stored = memory.store(frozen(rows, allocator), kept.length);
      for (int i = 0; i < kept.length; i++) {
        writes.setValue(positions[kept[i]], stored, i);
      }
      return stored;
    }

    @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
    private static FrozenBatch frozen(BatchBuilder rows, @Nullable BufferAllocator allocator) {
      return allocator == null ? rows.freezeOnHeap() : rows.freeze(allocator);
    }

    private void freezeBatches(
        Memory memory, @Nullable BufferAllocator allocator, List<StoredBatch> frozen) {
      for (int i = 0; i < batches.size(); i++) {
        if (isCurrent(i)) {
          StoredBatch stored = memory.store(frozen(batches.get(i), allocator), 1);
          frozen.add(stored);
          writes.setValue(positions[i], stored, 0);
        }
      }
    }
  }
}
