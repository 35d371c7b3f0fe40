package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;

/** Puts what a storage replays into an empty buffer, under the versions it was committed with. */
final class Recovery {
  private final TxnBuffer<StoredValue> buffer;
  private final Catalog catalog;
  private final TableMaker tables;
  private final ReplayedVersions versions;
  private final BufferAllocator allocator;
  private long lastTransactionId;

  /** Makes handles of tables. */
  @FunctionalInterface
  interface TableMaker {
    Table make(StoredTable definition);
  }

  Recovery(
      TxnBuffer<StoredValue> buffer,
      Catalog catalog,
      TableMaker tables,
      ReplayedVersions versions,
      BufferAllocator allocator) {
    this.buffer = buffer;
    this.catalog = catalog;
    this.tables = tables;
    this.versions = versions;
    this.allocator = allocator;
  }

  long lastTransactionId() {
    return lastTransactionId;
  }

  /** Applies one commit. */
  void apply(CommittedTransaction commit) throws DamagedStorageException {
    if (commit.version() <= buffer.newestVersion()) {
      throw new DamagedStorageException(
          "version %d comes after %d".formatted(commit.version(), buffer.newestVersion()));
    }
    WriteSet<StoredValue> writes = new WriteSet<>();
    List<Table> dropped = new ArrayList<>();
    try {
      for (Mutation mutation : commit.mutations()) {
        stage(mutation, writes, dropped);
      }
    } catch (CorruptFrameException | IllegalArgumentException e) {
      DamagedStorageException damage =
          new DamagedStorageException(
              "commit %d cannot be read: %s".formatted(commit.version(), e.getMessage()));
      damage.initCause(e);
      throw damage;
    }
    install(commit, writes);
    lastTransactionId = Math.max(lastTransactionId, commit.transactionId());
    for (Table table : dropped) {
      catalog.drop(table);
      buffer.collect();
      if (buffer.purge(table.allKeys(), commit.version())) {
        catalog.forget(table);
      }
    }
  }

  private void install(CommittedTransaction commit, WriteSet<StoredValue> writes) {
    versions.force(commit.version());
    try (var snapshot = buffer.snapshot()) {
      var request =
          new CommitRequest<>(
              commit.transactionId(),
              IsolationLevel.SERIALIZABLE,
              snapshot,
              new ReadSet<StoredValue>(),
              writes);
      if (buffer.commit(request) instanceof CommitResult.Accepted<StoredValue> accepted) {
        buffer.publish(accepted.record());
      }
    } finally {
      versions.release();
    }
  }

  private void stage(Mutation mutation, WriteSet<StoredValue> writes, List<Table> dropped)
      throws DamagedStorageException {
    switch (mutation) {
      case Mutation.CreateTable(int id, TableSpec spec) -> {
        StoredTable definition = new StoredTable(id, spec);
        Table table = tables.make(definition);
        catalog.add(table);
        put(writes, table.catalogKey(), definition, 0);
      }
      case Mutation.DropTable(int id) -> {
        Table table = table(id);
        var _ = writes.delete(table.catalogKey(), ConflictStrategy.FAIL);
        dropped.add(table);
      }
      case Mutation.PutRows(int id, ByteBuffer frame) -> putRows(table(id), frame, writes);
      case Mutation.PutBatch(int id, String name, ByteBuffer frame) -> {
        Table table = table(id);
        put(writes, table.key(name), StoredBatch.consume(decode(table, frame), 1), 0);
      }
      case Mutation.Delete(int id, ByteBuffer key) -> {
        var _ = writes.delete(table(id).keyOfBody(bytes(key)), ConflictStrategy.FAIL);
      }
    }
  }

  private void putRows(Table table, ByteBuffer frame, WriteSet<StoredValue> writes) {
    FrozenBatch batch = decode(table, frame);
    StoredBatch stored = StoredBatch.consume(batch, batch.rowCount());
    int[] indexes = table.keyColumnIndexes();
    ColumnView[] all = batch.columns();
    ColumnView[] columns = new ColumnView[indexes.length];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = all[indexes[i]];
    }
    for (int row = 0; row < batch.rowCount(); row++) {
      put(writes, table.key(columns, row), stored, row);
    }
  }

  private static void put(
      WriteSet<StoredValue> writes, io.khonsu.mvcc.Key key, StoredValue value, int index) {
    var _ = writes.put(key, value, index, ConflictStrategy.FAIL);
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
  private FrozenBatch decode(Table table, ByteBuffer frame) {
    byte[] bytes = bytes(frame);
    return ViewState.within(
        () -> BatchFrame.decode(table.batchSchema(), bytes, 0, bytes.length, allocator));
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private Table table(int id) throws DamagedStorageException {
    Table table = catalog.byId(id);
    if (table == null) {
      throw new DamagedStorageException("there is no table with number " + id);
    }
    return table;
  }
}
