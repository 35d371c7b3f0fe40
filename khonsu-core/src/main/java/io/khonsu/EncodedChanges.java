package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.Version;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Gathers versions of items into mutations. Rows that lie together stay together. */
final class EncodedChanges {
  private final Catalog catalog;
  private final List<Mutation> mutations = new ArrayList<>();
  private final Map<StoredBatch, InstalledRows> rows = new LinkedHashMap<>();

  EncodedChanges(Catalog catalog) {
    this.catalog = catalog;
  }

  /** Adds what an item is changed to. */
  void add(Key key, Version<StoredValue> version) {
    if (version.isTombstone()) {
      mutations.add(deletion(key));
    } else if (version.requireValue() instanceof StoredTable(int tableId, TableSpec spec)) {
      mutations.add(new Mutation.CreateTable(tableId, spec));
    } else if (version.requireValue() instanceof StoredBatch batch) {
      Table table = catalog.tableOf(key);
      if (table.isRowTable()) {
        rows.computeIfAbsent(batch, _ -> new InstalledRows(table)).indexes.set(version.index());
      } else {
        mutations.add(new Mutation.PutBatch(table.id(), table.batchName(key), frame(batch)));
      }
    } else {
      throw new AssertionError("broken invariant: a merge is refused or settled before");
    }
  }

  /** {@return all that was added} */
  List<Mutation> finish() {
    rows.forEach((batch, installed) ->
        mutations.add(
            new Mutation.PutRows(installed.table.id(), frameOfRows(batch, installed.indexes))));
    return mutations;
  }

  private Mutation deletion(Key key) {
    return Catalog.isCatalogKey(key)
        ? new Mutation.DropTable(Catalog.tableIdIn(key))
        : new Mutation.Delete(
            Table.tableIdOf(key), ByteBuffer.wrap(catalog.tableOf(key).bodyOf(key)));
  }

  private static ByteBuffer frameOfRows(StoredBatch stored, BitSet rows) {
    if (rows.cardinality() == stored.rowCount()) {
      return frame(stored);
    }
    try (FrozenBatch batch = stored.pin()) {
      Gather gather = new Gather(batch.schema());
      int first = rows.nextSetBit(0);
      while (first >= 0) {
        int end = rows.nextClearBit(first);
        gather.add(batch, first, end - first);
        first = rows.nextSetBit(end);
      }
      return ByteBuffer.wrap(BatchFrame.encode(gather));
    }
  }

  private static ByteBuffer frame(StoredBatch stored) {
    try (FrozenBatch batch = stored.pin()) {
      return BatchFrame.of(batch);
    }
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
