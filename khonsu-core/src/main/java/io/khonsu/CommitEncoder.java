package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import io.khonsu.mvcc.CommitRecord;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.Version;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns what a commit installed into what a storage keeps. Rows that lie together stay together.
 */
final class CommitEncoder {
  private final Catalog catalog;

  CommitEncoder(Catalog catalog) {
    this.catalog = catalog;
  }

  /**
   * {@return what a storage keeps of an unpublished commit} Takes no memory outside the heap, which
   * may be used up by then.
   *
   * @throws RuntimeException if it cannot be kept, as when its rows are too large for one frame
   */
  CommittedTransaction encode(CommitRecord<StoredValue> record) {
    List<Mutation> mutations = new ArrayList<>();
    Map<StoredBatch, InstalledRows> rows = new LinkedHashMap<>();
    for (int i = 0; i < record.size(); i++) {
      Key key = record.key(i);
      Version<StoredValue> version = record.version(i);
      if (version.isTombstone()) {
        mutations.add(deletion(key));
      } else if (version.requireValue() instanceof StoredTable(int tableId, TableSpec spec)) {
        mutations.add(new Mutation.CreateTable(tableId, spec));
      } else if (version.requireValue() instanceof StoredBatch batch) {
        Table table = catalog.tableOf(key);
        if (table.isRowTable()) {
          rows.computeIfAbsent(batch, _ -> new InstalledRows(table)).indexes.set(version.index());
        } else {
          mutations.add(
              new Mutation.PutBatch(table.id(), table.batchName(key), frame(batch.batch())));
        }
      }
    }
    rows.forEach((batch, installed) ->
        mutations.add(
            new Mutation.PutRows(
                installed.table.id(), frameOfRows(batch.batch(), installed.indexes))));
    return new CommittedTransaction(record.version(), record.transactionId(), mutations);
  }

  private Mutation deletion(Key key) {
    return Catalog.isCatalogKey(key)
        ? new Mutation.DropTable(Catalog.tableIdIn(key))
        : new Mutation.Delete(
            Table.tableIdOf(key), ByteBuffer.wrap(catalog.tableOf(key).bodyOf(key)));
  }

  private ByteBuffer frameOfRows(FrozenBatch batch, BitSet rows) {
    if (rows.cardinality() == batch.rowCount()) {
      return frame(batch);
    }
    Gather gather = new Gather(batch.schema());
    int first = rows.nextSetBit(0);
    while (first >= 0) {
      int end = rows.nextClearBit(first);
      gather.add(batch, first, end - first);
      first = rows.nextSetBit(end);
    }
    return ByteBuffer.wrap(BatchFrame.encode(gather));
  }

  private static ByteBuffer frame(FrozenBatch batch) {
    return ByteBuffer.wrap(BatchFrame.encode(batch));
  }

  /** Which rows of a batch a commit installed. */
  private static final class InstalledRows {
    private final Table table;
    private final BitSet indexes = new BitSet();

    InstalledRows(Table table) {
      this.table = table;
    }
  }
}
