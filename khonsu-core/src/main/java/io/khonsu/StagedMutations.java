package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The changes of one commit, read back into what the buffer takes. Whoever makes it owns the
 * batches until the buffer has accepted the writes. Not thread-safe.
 */
final class StagedMutations {
  private final Catalog catalog;
  private final Recovery.TableMaker tables;
  private final Memory memory;
  private final WriteSet<StoredValue> writes = new WriteSet<>();
  private final List<StoredBatch> batches = new ArrayList<>(1);

  /** Not changed but replaced, as most commits have none. */
  private List<Table> created = List.of();

  private List<Table> dropped = List.of();
  private ConflictStrategy strategy = ConflictStrategy.FAIL;

  StagedMutations(Catalog catalog, Recovery.TableMaker tables, Memory memory) {
    this.catalog = catalog;
    this.tables = tables;
    this.memory = memory;
  }

  WriteSet<StoredValue> writes() {
    return writes;
  }

  /** {@return the tables that come into being, not yet in the catalog} */
  List<Table> created() {
    return created;
  }

  /** {@return the tables that cease to be, not yet marked} */
  List<Table> dropped() {
    return dropped;
  }

  /** Says that the buffer has accepted the writes, and owns the batches from now on. */
  void handOver() {
    batches.clear();
  }

  /** Lets go of what the buffer has not accepted. */
  void discard() {
    batches.forEach(StoredBatch::discard);
  }

  /**
   * Adds changes.
   *
   * @param onConflict what to do where another transaction has changed an item
   * @throws DamagedStorageException if they cannot be read, or do not fit the tables
   */
  void addAll(List<Mutation> mutations, ConflictStrategy onConflict)
      throws DamagedStorageException {
    strategy = onConflict;
    addEach(mutations, this::add);
  }

  /**
   * Adds batches to append to what is committed when the writes are.
   *
   * @throws DamagedStorageException if they cannot be read, or are no batches
   */
  void addAppends(List<Mutation> mutations) throws DamagedStorageException {
    addEach(mutations, this::append);
  }

  private static void addEach(List<Mutation> mutations, Addition addition)
      throws DamagedStorageException {
    try {
      for (Mutation mutation : mutations) {
        addition.add(mutation);
      }
    } catch (CorruptFrameException | IllegalArgumentException e) {
      DamagedStorageException damage = new DamagedStorageException(String.valueOf(e.getMessage()));
      damage.initCause(e);
      throw damage;
    }
  }

  private void add(Mutation mutation) throws DamagedStorageException {
    switch (mutation) {
      case Mutation.CreateTable(int id, TableSpec spec) -> create(id, spec);
      case Mutation.DropTable(int id) -> {
        Table table = table(id);
        delete(table.catalogKey());
        dropped = plus(dropped, table);
      }
      case Mutation.PutRows(int id, ByteBuffer frame) ->
          putRows(table(id, TableSpec.Kind.ROWS), frame);
      case Mutation.PutBatch(int id, String name, ByteBuffer frame) -> {
        Table table = table(id, TableSpec.Kind.BATCHES);
        Key key = table.key(name);
        put(key, decodeWhole(table, frame), 0);
      }
      case Mutation.Delete(int id, ByteBuffer key) -> delete(table(id).keyOfBody(bytes(key)));
    }
  }

  private void append(Mutation mutation) throws DamagedStorageException {
    if (!(mutation instanceof Mutation.PutBatch(int id, String name, ByteBuffer frame))) {
      throw new DamagedStorageException("only a batch can be appended");
    }
    Table table = table(id, TableSpec.Kind.BATCHES);
    Key key = table.key(name);
    int before = writes.size();
    var _ = writes.merge(key, decodeWhole(table, frame), 0, ConflictStrategy.APPEND);
    checkNew(before);
  }

  private void create(int id, TableSpec spec) throws DamagedStorageException {
    if (id <= Catalog.CATALOG_ID || catalog.byId(id) != null) {
      throw new DamagedStorageException("a table is created with number " + id);
    }
    if (catalog.find(spec.name()).filter(other -> !dropped.contains(other)).isPresent()) {
      throw new DamagedStorageException("table \"%s\" is created twice".formatted(spec.name()));
    }
    StoredTable definition = new StoredTable(id, spec);
    Table table = tables.make(definition);
    put(table.catalogKey(), definition, 0);
    created = plus(created, table);
  }

  private static List<Table> plus(List<Table> tables, Table table) {
    List<Table> more = new ArrayList<>(tables);
    more.add(table);
    return more;
  }

  private void putRows(Table table, ByteBuffer frame) throws DamagedStorageException {
    FrozenBatch decoded = decode(table, frame);
    StoredBatch stored = store(decoded, decoded.rowCount());
    if (decoded.isNative()) {
      try (FrozenBatch pinned = stored.pin()) {
        putRows(table, pinned, stored);
      }
    } else {
      putRows(table, decoded, stored); // which has its columns at hand
    }
  }

  private void putRows(Table table, FrozenBatch batch, StoredBatch stored)
      throws DamagedStorageException {
    int[] indexes = table.keyColumnIndexes();
    ColumnView[] columns = new ColumnView[indexes.length];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = batch.column(indexes[i]);
    }
    for (int row = 0; row < stored.rowCount(); row++) {
      put(table.newKey(columns, row), stored, row);
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
  private FrozenBatch decode(Table table, ByteBuffer frame) {
    memory.makeRoom(frame.remaining());
    return ViewState.within(() -> BatchFrame.decode(table.batchSchema(), frame, memory.versions()));
  }

  /** {@return a batch as versions point into it, taken over} */
  private StoredBatch store(FrozenBatch batch, int versionCount) {
    StoredBatch stored = memory.store(batch, versionCount);
    batches.add(stored);
    return stored;
  }

  private StoredBatch decodeWhole(Table table, ByteBuffer frame) {
    return store(decode(table, frame), 1);
  }

  private void put(Key key, StoredValue value, int index) throws DamagedStorageException {
    int before = writes.size();
    var _ = writes.put(key, value, index, strategy);
    checkNew(before);
  }

  private void delete(Key key) throws DamagedStorageException {
    int before = writes.size();
    var _ = writes.delete(key, strategy);
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

  /** Takes one change. */
  private interface Addition {
    void add(Mutation mutation) throws DamagedStorageException;
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
    for (Table its : created) {
      table = its.id() == id ? its : table;
    }
    if (table == null || table.isDropped()) {
      throw new DamagedStorageException("there is no table with number " + id);
    }
    return table;
  }
}
