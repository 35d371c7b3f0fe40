package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.StateReceiver;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;

/** Puts what a storage replays into an empty buffer, under the versions it was committed with. */
final class Recovery {
  private final TxnBuffer<StoredValue> buffer;
  private final DroppedTables droppedTables;
  private final Catalog catalog;
  private final TableMaker tables;
  private final ReplayedVersions versions;
  private final BufferAllocator allocator;
  private final OpeningProgress progress = new OpeningProgress(System::nanoTime);
  private long lastVersion;
  private long lastTransactionId;

  /** Makes handles of tables. */
  @FunctionalInterface
  interface TableMaker {
    Table make(StoredTable definition);
  }

  Recovery(
      TxnBuffer<StoredValue> buffer,
      DroppedTables droppedTables,
      TableMaker tables,
      ReplayedVersions versions,
      BufferAllocator allocator) {
    this.buffer = buffer;
    this.droppedTables = droppedTables;
    this.catalog = droppedTables.catalog();
    this.tables = tables;
    this.versions = versions;
    this.allocator = allocator;
  }

  /** {@return what takes the state that commits before the first to be applied have left} */
  BaseLoad base() {
    return new BaseLoad(buffer.loading(), catalog, tables, progress, allocator);
  }

  /** Goes on after a state that was loaded. */
  void beginAfter(StateReceiver.Extent extent) {
    lastVersion = extent.version();
    lastTransactionId = extent.transactionId();
    versions.force(extent.version());
    versions.release();
  }

  long lastTransactionId() {
    return lastTransactionId;
  }

  /** Applies one commit. */
  void apply(CommittedTransaction commit) throws DamagedStorageException {
    if (commit.version() <= lastVersion) {
      throw new DamagedStorageException(
          "version %d comes after %d".formatted(commit.version(), lastVersion));
    }
    Staged staged = new Staged();
    boolean installed = false;
    try {
      stage(commit, staged);
      install(commit, staged.writes);
      installed = true;
    } finally {
      if (!installed) {
        staged.batches.forEach(StoredBatch::discard);
      }
    }
    progress.commit();
    lastVersion = commit.version();
    lastTransactionId = Math.max(lastTransactionId, commit.transactionId());
    for (Table table : staged.dropped) {
      catalog.drop(table);
      droppedTables.add(table, commit.version());
    }
  }

  private void stage(CommittedTransaction commit, Staged staged) throws DamagedStorageException {
    try {
      for (Mutation mutation : commit.mutations()) {
        staged.add(mutation);
      }
    } catch (CorruptFrameException | IllegalArgumentException e) {
      DamagedStorageException damage =
          new DamagedStorageException(
              "commit %d cannot be read: %s".formatted(commit.version(), e.getMessage()));
      damage.initCause(e);
      throw damage;
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
      } else {
        throw new AssertionError("broken invariant: a blind write is accepted");
      }
    } finally {
      versions.release();
    }
  }

  private Table table(int id, TableSpec.Kind kind) throws DamagedStorageException {
    Table table = table(id);
    if (table.spec().kind() != kind) {
      throw new DamagedStorageException("%s is not a table of %s".formatted(table, kind));
    }
    return table;
  }

  private Table table(int id) throws DamagedStorageException {
    Table table = catalog.byId(id);
    if (table == null || table.isDropped()) {
      throw new DamagedStorageException("there is no table with number " + id);
    }
    return table;
  }

  /** The changes of one commit. */
  private final class Staged {
    private final WriteSet<StoredValue> writes = new WriteSet<>();
    private final List<StoredBatch> batches = new ArrayList<>();
    private final List<Table> dropped = new ArrayList<>();

    private void add(Mutation mutation) throws DamagedStorageException {
      switch (mutation) {
        case Mutation.CreateTable(int id, TableSpec spec) -> create(id, spec);
        case Mutation.DropTable(int id) -> {
          Table table = table(id);
          delete(table.catalogKey());
          dropped.add(table);
        }
        case Mutation.PutRows(int id, ByteBuffer frame) ->
            putRows(table(id, TableSpec.Kind.ROWS), frame);
        case Mutation.PutBatch(int id, String name, ByteBuffer frame) -> {
          Table table = table(id, TableSpec.Kind.BATCHES);
          Key key = table.key(name);
          put(key, decode(table, frame), 0);
        }
        case Mutation.Delete(int id, ByteBuffer key) -> delete(table(id).keyOfBody(bytes(key)));
      }
    }

    private void create(int id, TableSpec spec) throws DamagedStorageException {
      if (id <= Catalog.CATALOG_ID || catalog.byId(id) != null) {
        throw new DamagedStorageException("a table is created with number " + id);
      }
      if (catalog.find(spec.name()).isPresent()) {
        throw new DamagedStorageException("table \"%s\" is created twice".formatted(spec.name()));
      }
      StoredTable definition = new StoredTable(id, spec);
      Table table = tables.make(definition);
      put(table.catalogKey(), definition, 0);
      catalog.add(table);
    }

    private void putRows(Table table, ByteBuffer frame) throws DamagedStorageException {
      StoredBatch stored = decode(table, frame);
      int[] indexes = table.keyColumnIndexes();
      ColumnView[] all = stored.batch().columns();
      ColumnView[] columns = new ColumnView[indexes.length];
      for (int i = 0; i < columns.length; i++) {
        columns[i] = all[indexes[i]];
      }
      for (int row = 0; row < stored.rowCount(); row++) {
        put(table.key(columns, row), stored, row);
      }
    }

    @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
    private StoredBatch decode(Table table, ByteBuffer frame) {
      byte[] bytes = bytes(frame);
      FrozenBatch batch =
          ViewState.within(
              () -> BatchFrame.decode(table.batchSchema(), bytes, 0, bytes.length, allocator));
      StoredBatch stored = StoredBatch.consume(batch, table.isRowTable() ? batch.rowCount() : 1);
      batches.add(stored);
      return stored;
    }

    private void put(Key key, StoredValue value, int index) throws DamagedStorageException {
      int before = writes.size();
      var _ = writes.put(key, value, index, ConflictStrategy.FAIL);
      checkNew(before);
    }

    private void delete(Key key) throws DamagedStorageException {
      int before = writes.size();
      var _ = writes.delete(key, ConflictStrategy.FAIL);
      checkNew(before);
    }

    private void checkNew(int sizeBefore) throws DamagedStorageException {
      if (writes.size() == sizeBefore) {
        throw new DamagedStorageException("an item occurs twice in one commit");
      }
    }

    private static byte[] bytes(ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return bytes;
    }
  }
}
