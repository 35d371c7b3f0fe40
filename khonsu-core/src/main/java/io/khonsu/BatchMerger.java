package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.key.KeyCodec;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.Merger;
import io.khonsu.mvcc.Version;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Merges: in a row table what {@link Transaction#merge} says, in a batch table what APPEND does.
 * With a row key, appended rows take the places of rows with an equal one, where the first of these
 * stood, and the others follow in their order; without one they all follow.
 */
final class BatchMerger implements Merger<StoredValue> {
  /** A batch takes less than this many times the memory of those that it was put together from. */
  private static final long GROWTH = 8;

  /** What is merged when someone reads it must find memory then, so it takes a small part of it. */
  private static final long MEMORY_SHARE = 16;

  private final Catalog catalog;
  private final Memory memory;
  private final long laterMaxBytes;
  private final long sizeMaxBytes;
  private final long rowSizeMaxBytes;

  BatchMerger(Catalog catalog, Memory memory, StoreConfig config) {
    this.catalog = catalog;
    this.memory = memory;
    this.sizeMaxBytes = config.transactionSizeMaxBytes();
    this.laterMaxBytes = Math.min(sizeMaxBytes / GROWTH, config.memoryLimitBytes() / MEMORY_SHARE);
    this.rowSizeMaxBytes = config.rowSizeMaxBytes();
  }

  /**
   * Merges.
   *
   * @throws MergeFailedException if a row cannot be merged
   * @throws LimitExceededException if a batch would become too large
   * @throws UnavailableException if there is no memory; there may be some later
   */
  @Override
  public Item<StoredValue> merge(
      Key key, @Nullable Version<StoredValue> committed, List<Version<StoredValue>> operands) {
    try (Pins pins = new Pins()) {
      return merge(key, committed, operands, pins);
    }
  }

  private Item<StoredValue> merge(
      Key key,
      @Nullable Version<StoredValue> committed,
      List<Version<StoredValue>> operands,
      Pins pins) {
    Table table = catalog.tableOf(key);
    FrozenBatch base = committed == null ? null : pins.add(Reading.storedOf(committed));
    Version<StoredValue> last = operands.getLast();
    if (last.requireValue() instanceof StoredMerge merge) {
      MergedRow row = MergedRow.over(table, key, base, committed == null ? 0 : committed.index());
      operands.forEach(operand -> row.apply((StoredMerge) operand.requireValue()));
      return frozen(row.toBatch(merge.steps().getLast().merge(), rowSizeMaxBytes));
    }
    if (base == null && operands.size() == 1) {
      return new Item<>(last.requireValue(), last.index());
    }
    BatchBuilder merged = new BatchBuilder(table.batchSchema());
    for (Version<StoredValue> operand : operands) {
      merged = merged(table, Rows.of(merged), Rows.of(pins.add(Reading.storedOf(operand))));
    }
    merged = base == null ? merged : merged(table, Rows.of(base), Rows.of(merged));
    if (merged.sizeBytes() > sizeMaxBytes) {
      throw new LimitExceededException(
          "a merged batch of " + table,
          merged.sizeBytes(),
          "transactionSizeMaxBytes",
          sizeMaxBytes);
    }
    return frozen(merged);
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
  private Item<StoredValue> frozen(BatchBuilder rows) {
    FrozenBatch batch = ViewState.within(() -> rows.freeze(memory.versions()));
    return new Item<>(memory.store(batch, 1), 0);
  }

  @Override
  public long weigh(
      Key key,
      Version<StoredValue> operand,
      @Nullable Version<StoredValue> below,
      long weightBelow) {
    return switch (operand.requireValue()) {
      case StoredMerge merge -> weighMerge(merge, below, weightBelow);
      case StoredBatch batch -> weighAppend(batch, below, weightBelow);
      case StoredTable _ -> UNBOUNDED;
    };
  }

  private static long weighMerge(
      StoredMerge merge, @Nullable Version<StoredValue> below, long weightBelow) {
    if (below == null || !merge.isLike(merge)) {
      return UNBOUNDED; // a new row may lack a value that it must have
    }
    MergeStep first = merge.steps().getFirst();
    boolean isRow = below.requireValue() instanceof StoredBatch;
    if (!isRow && !merge.isLike((StoredMerge) below.requireValue())) {
      return UNBOUNDED;
    }
    Object current =
        isRow && first.column() >= 0
            ? Reading.batchOf(below).getObject(first.column(), below.index())
            : null;
    long weight = weightBelow;
    for (MergeStep step : merge.steps()) {
      weight = step.weigh(weight, current);
      if (weight < 0) {
        return UNBOUNDED;
      }
    }
    return weight;
  }

  private long weighAppend(
      StoredBatch batch, @Nullable Version<StoredValue> below, long weightBelow) {
    long sizeBelow =
        weightBelow >= 0 || below == null
            ? Math.max(0, weightBelow)
            : Reading.storedOf(below).sizeBytes();
    long sum = sizeBelow + batch.sizeBytes();
    return sum > laterMaxBytes ? UNBOUNDED : sum;
  }

  /** {@return rows with others appended} */
  static BatchBuilder merged(Table table, Rows rows, Rows appended) {
    BatchBuilder merged = new BatchBuilder(table.batchSchema());
    KeyCodec rowKeys = table.rowKeys();
    if (rowKeys == null || rows.count() == 0) {
      rows.copyTo(merged, 0, rows.count());
      appended.copyTo(merged, 0, appended.count());
    } else {
      mergeByKey(rowKeys, merged, rows, appended);
    }
    return merged;
  }

  private static void mergeByKey(
      KeyCodec codec, BatchBuilder merged, Rows committed, Rows appended) {
    Map<ByteBuffer, Integer> appendedRows = new LinkedHashMap<>();
    for (int row = 0; row < appended.count(); row++) {
      appendedRows.put(rowKey(codec, appended, row), row);
    }
    Set<ByteBuffer> placed = new HashSet<>();
    for (int row = 0; row < committed.count(); row++) {
      ByteBuffer key = rowKey(codec, committed, row);
      Integer replacement = appendedRows.get(key);
      if (replacement == null) {
        committed.copyTo(merged, row, 1);
      } else if (placed.add(key)) {
        appended.copyTo(merged, replacement, 1);
      }
    }
    appendedRows.forEach((key, row) -> {
      if (placed.add(key)) {
        appended.copyTo(merged, row, 1);
      }
    });
  }

  private static ByteBuffer rowKey(KeyCodec codec, Rows rows, int row) {
    ColumnView[] column = {rows.column(codec.columnIndexes()[0])};
    return ByteBuffer.wrap(codec.encode(column, row));
  }

  /** Rows, committed or staged. */
  interface Rows {
    int count();

    ColumnView column(int index);

    void copyTo(BatchBuilder target, int first, int count);

    static Rows of(FrozenBatch batch) {
      return new Rows() {
        @Override
        public int count() {
          return batch.rowCount();
        }

        @Override
        public ColumnView column(int index) {
          return batch.column(index);
        }

        @Override
        public void copyTo(BatchBuilder target, int first, int count) {
          target.append(batch, first, count);
        }
      };
    }

    static Rows of(BatchBuilder rows) {
      return new Rows() {
        @Override
        public int count() {
          return rows.rowCount();
        }

        @Override
        public ColumnView column(int index) {
          return rows.column(index);
        }

        @Override
        public void copyTo(BatchBuilder target, int first, int count) {
          target.append(rows, first, count);
        }
      };
    }
  }
}
