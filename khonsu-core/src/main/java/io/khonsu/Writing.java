package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.Key;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.jspecify.annotations.Nullable;

/** Stages the writes of one transaction, each call whole or not at all. Not thread-safe. */
final class Writing {
  private final StoreConfig config;
  private final StagedWrites staged;
  private final Reading reading;

  Writing(StoreConfig config, StagedWrites staged, Reading reading) {
    this.config = config;
    this.staged = staged;
    this.reading = reading;
  }

  Table putRow(Table table, Row row, WriteMode mode, ConflictStrategy onConflict) {
    BatchBuilder rows = staged.of(table).requireRows();
    @Nullable Object[] values = Objects.requireNonNull(row, "row").valuesFor(table.shape());
    return append(table, rows, mode, onConflict, () -> rows.appendRow(values));
  }

  Table putRows(
      Table table,
      VectorSchemaRoot root,
      @Nullable DictionaryProvider dictionaries,
      WriteMode mode,
      ConflictStrategy onConflict) {
    BatchBuilder rows = staged.of(table).requireRows();
    return append(table, rows, mode, onConflict, () -> rows.append(root, dictionaries));
  }

  Table putBatch(Table table, Key name, VectorSchemaRoot root, ConflictStrategy onConflict) {
    check(onConflict);
    BatchBuilder batch = new BatchBuilder(table.batchSchema());
    batch.append(root);
    checkKey("the name of the batch", name);
    checkSize(table, staged.sizeBytes() + batch.sizeBytes(), batch.sizeBytes(), batch.rowCount());
    table.checkRowKeys(batch);
    if (onConflict == ConflictStrategy.APPEND) {
      append(table, name, batch);
    } else {
      staged.of(table).putBatch(name, batch, onConflict, false);
    }
    return table;
  }

  /** A write that ignores gives way to what came after the version that is read here. */
  private void check(ConflictStrategy onConflict) {
    if (Objects.requireNonNull(onConflict, "onConflict") == ConflictStrategy.IGNORE) {
      reading.fixVersion();
    }
  }

  /**
   * Appends to what was staged; to what is committed, if that was to be appended or nothing was.
   */
  private void append(Table table, Key name, BatchBuilder batch) {
    int own = staged.writes().find(name);
    int index = own < 0 ? -1 : staged.writes().version(own).index();
    boolean appends = own < 0 || staged.writes().isMerge(own);
    BatchBuilder all = batch;
    if (index >= 0) {
      BatchBuilder before = staged.of(table).batches.get(index);
      all = BatchMerger.merged(table, BatchMerger.Rows.of(before), BatchMerger.Rows.of(batch));
    }
    staged.of(table).putBatch(name, all, strategyOf(own, ConflictStrategy.APPEND), appends);
  }

  private ConflictStrategy strategyOf(int position, ConflictStrategy otherwise) {
    return position < 0 ? otherwise : staged.writes().strategy(position);
  }

  /** Merges into a row that was staged at once, into any other when the transaction commits. */
  Table merge(Table table, Key key, Merge merge) {
    MergeStep step =
        MergeStep.of(table, Objects.requireNonNull(merge, "merge"), config.mergeFunctions());
    checkKey("the key", key);
    int own = staged.writes().find(key);
    if (own < 0 || staged.mergeOf(own) != null) {
      checkTransactionSize(staged.sizeBytes() + key.sizeBytes() + StoredMerge.STEP_BYTES);
      staged.merge(key, step);
      return table;
    }
    int index = staged.writes().version(own).index();
    MergedRow row =
        index < 0
            ? MergedRow.over(table, key, null, 0)
            : MergedRow.of(table, key, reading.ownValues(table, index));
    row.apply(new StoredMerge(List.of(step)));
    BatchBuilder merged = row.toBatch(merge, config.rowSizeMaxBytes());
    BatchBuilder rows = staged.of(table).requireRows();
    ConflictStrategy strategy = strategyOf(own, ConflictStrategy.FAIL);
    return append(table, rows, WriteMode.UPSERT, strategy, () -> rows.append(merged, 0, 1));
  }

  Table delete(Table table, List<Key> keys, ConflictStrategy onConflict) {
    check(onConflict);
    long addedBytes = 0;
    for (Key key : keys) {
      addedBytes += key.sizeBytes();
    }
    checkTransactionSize(staged.sizeBytes() + addedBytes);
    for (Key key : keys) {
      staged.delete(key, onConflict);
    }
    return table;
  }

  private Table append(
      Table table, BatchBuilder rows, WriteMode mode, ConflictStrategy onConflict, Runnable step) {
    check(onConflict);
    BatchBuilder.Savepoint before = rows.savepoint();
    int firstRow = rows.rowCount();
    long bytesBefore = rows.sizeBytes();
    step.run();
    try {
      int count = rows.rowCount() - firstRow;
      checkSize(table, staged.sizeBytes(), rows.sizeBytes() - bytesBefore, count);
      Key[] keys = keys(table, rows, firstRow, count);
      checkDistinct(table, keys);
      check(mode, table, keys);
      staged.of(table).putRows(keys, firstRow, onConflict);
      return table;
    } catch (RuntimeException | Error e) {
      rows.rollbackTo(before);
      throw e;
    }
  }

  private Key[] keys(Table table, BatchBuilder rows, int firstRow, int count) {
    int[] indexes = table.keyColumnIndexes();
    ColumnView[] columns = new ColumnView[indexes.length];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = rows.column(indexes[i]);
    }
    Key[] keys = new Key[count];
    for (int i = 0; i < count; i++) {
      keys[i] = table.key(columns, firstRow + i);
      checkKey("the key", keys[i]);
    }
    return keys;
  }

  /** Rows in key order, as most bulk loads have them, are told apart by their neighbours. */
  private static void checkDistinct(Table table, Key[] keys) {
    int inOrder = 1;
    while (inOrder < keys.length && keys[inOrder - 1].compareTo(keys[inOrder]) < 0) {
      inOrder++;
    }
    if (inOrder >= keys.length) {
      return;
    }
    Set<Key> seen = HashSet.newHashSet(keys.length);
    for (int i = 0; i < keys.length; i++) {
      if (!seen.add(keys[i])) {
        throw new DuplicateKeyException(
            "rows %d and %d of the batch have the same key %s in %s"
                .formatted(
                    Arrays.asList(keys).indexOf(keys[i]), i, table.describe(keys[i]), table));
      }
    }
  }

  private void check(WriteMode mode, Table table, Key[] keys) {
    if (mode == WriteMode.UPSERT) {
      return;
    }
    reading.expect(Arrays.asList(keys));
    for (Key key : keys) {
      boolean exists = reading.contains(key);
      if (exists && mode == WriteMode.INSERT) {
        throw new DuplicateKeyException(
            "key %s exists already in %s".formatted(table.describe(key), table));
      }
      if (!exists && mode == WriteMode.UPDATE) {
        throw new MissingKeyException(
            "key %s does not exist in %s".formatted(table.describe(key), table));
      }
    }
  }

  private void checkKey(String subject, Key key) {
    int sizeBytes = key.sizeBytes() - Table.PREFIX_BYTES;
    if (sizeBytes > config.keySizeMaxBytes()) {
      throw new LimitExceededException(
          subject, sizeBytes, "keySizeMaxBytes", config.keySizeMaxBytes());
    }
  }

  private void checkSize(Table table, long transactionBytes, long addedBytes, int addedRows) {
    long rowBytes = addedRows == 0 || !table.isRowTable() ? 0 : addedBytes / addedRows;
    if (rowBytes > config.rowSizeMaxBytes()) {
      throw new LimitExceededException(
          "a row of " + table, rowBytes, "rowSizeMaxBytes", config.rowSizeMaxBytes());
    }
    checkTransactionSize(transactionBytes);
  }

  private void checkTransactionSize(long transactionBytes) {
    if (transactionBytes > config.transactionSizeMaxBytes()) {
      throw new LimitExceededException(
          "what the transaction writes",
          transactionBytes,
          "transactionSizeMaxBytes",
          config.transactionSizeMaxBytes());
    }
  }
}
