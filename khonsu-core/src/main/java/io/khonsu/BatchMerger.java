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
import java.util.Map;
import java.util.Set;
import org.apache.arrow.memory.BufferAllocator;

/**
 * What APPEND does. In a row table the key is the row, so the appended row takes the committed
 * one's place. In a batch table with a row key, appended rows take the places of committed rows
 * with an equal one, where the first of these stood, and the others follow in their order; without
 * one they all follow.
 */
final class BatchMerger implements Merger<StoredValue> {
  private final Catalog catalog;
  private final BufferAllocator allocator;
  private final long sizeMaxBytes;

  BatchMerger(Catalog catalog, BufferAllocator allocator, long sizeMaxBytes) {
    this.catalog = catalog;
    this.allocator = allocator;
    this.sizeMaxBytes = sizeMaxBytes;
  }

  @Override
  public Item<StoredValue> merge(
      Key key, Version<StoredValue> committed, Version<StoredValue> staged) {
    Table table = catalog.tableOf(key);
    if (table.isRowTable()) {
      return new Item<>(staged.requireValue(), staged.index());
    }
    return new Item<>(merge(table, Reading.batchOf(committed), Reading.batchOf(staged)), 0);
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
  private StoredBatch merge(Table table, FrozenBatch committed, FrozenBatch appended) {
    BatchBuilder merged = new BatchBuilder(table.batchSchema());
    KeyCodec rowKeys = table.rowKeys();
    if (rowKeys == null) {
      merged.append(committed, 0, committed.rowCount());
      merged.append(appended, 0, appended.rowCount());
    } else {
      mergeByKey(rowKeys, merged, committed, appended);
    }
    if (merged.sizeBytes() > sizeMaxBytes) {
      throw new LimitExceededException(
          "a merged batch of " + table,
          merged.sizeBytes(),
          "transactionSizeMaxBytes",
          sizeMaxBytes);
    }
    return StoredBatch.consume(ViewState.within(() -> merged.freeze(allocator)), 1);
  }

  private static void mergeByKey(
      KeyCodec codec, BatchBuilder merged, FrozenBatch committed, FrozenBatch appended) {
    Map<ByteBuffer, Integer> appendedRows = new LinkedHashMap<>();
    for (int row = 0; row < appended.rowCount(); row++) {
      appendedRows.put(rowKey(codec, appended, row), row);
    }
    Set<ByteBuffer> placed = new HashSet<>();
    for (int row = 0; row < committed.rowCount(); row++) {
      ByteBuffer key = rowKey(codec, committed, row);
      Integer replacement = appendedRows.get(key);
      if (replacement == null) {
        merged.append(committed, row, 1);
      } else if (placed.add(key)) {
        merged.append(appended, replacement, 1);
      }
    }
    appendedRows.forEach((key, row) -> {
      if (placed.add(key)) {
        merged.append(appended, row, 1);
      }
    });
  }

  private static ByteBuffer rowKey(KeyCodec codec, FrozenBatch batch, int row) {
    ColumnView[] column = {batch.column(codec.columnIndexes()[0])};
    return ByteBuffer.wrap(codec.encode(column, row));
  }
}
