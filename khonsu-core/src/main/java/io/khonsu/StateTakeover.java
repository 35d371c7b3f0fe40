package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Brings a replica to a later state, of which a {@link StateScan} of another replica tells, and not
 * the commits that led there: what differs is put or deleted, in one commit, when the last
 * transaction was added. Holds what differs on the heap until then. Not thread-safe; close it.
 */
public final class StateTakeover implements AutoCloseable {
  private final TxnBuffer<StoredValue> buffer;
  private final Catalog catalog;
  private final Recovery recovery;
  private final long version;
  private final Snapshot<StoredValue> before;

  /** What is to be changed at the end, as one commit. */
  private final List<Mutation> changes = new ArrayList<>();

  private final Set<Integer> tables = new HashSet<>();

  /** The tables whose items were told, or begun to be. */
  private final Set<Integer> compared = new HashSet<>();

  /** The table whose items are told now, if it is here, and its first key that was not compared. */
  private @Nullable Table table;

  private int tableUnderWay = Catalog.CATALOG_ID;
  private @Nullable Key from;
  private boolean isDone;

  /**
   * Begins.
   *
   * @param version that of the scan, greater than that of any commit here
   */
  StateTakeover(TxnBuffer<StoredValue> buffer, Catalog catalog, Recovery recovery, long version) {
    this.buffer = buffer;
    this.catalog = catalog;
    this.recovery = recovery;
    this.version = version;
    this.before = buffer.readOnlySnapshot();
    if (version <= before.version()) {
      before.close();
      throw new IllegalArgumentException(
          "version %d is not newer than %d".formatted(version, before.version()));
    }
  }

  /**
   * Adds a transaction of the scan; the first begins with all tables.
   *
   * @throws DamagedStorageException if it cannot be read, or is none of such a scan
   */
  public void add(CommittedTransaction part) throws DamagedStorageException {
    if (isDone) {
      throw new DamagedStorageException("a state goes on after its end");
    }
    isDone = part.version() == version;
    try {
      for (Mutation mutation : part.mutations()) {
        add(mutation);
      }
    } catch (CorruptFrameException | IllegalArgumentException e) {
      DamagedStorageException damage = new DamagedStorageException(String.valueOf(e.getMessage()));
      damage.initCause(e);
      throw damage;
    }
    if (isDone) {
      finish();
    }
  }

  /**
   * Says that the scan has no transactions, as of a replica without tables.
   *
   * @throws DamagedStorageException if one was added
   */
  public void addNothing() throws DamagedStorageException {
    if (isDone || !tables.isEmpty()) {
      throw new DamagedStorageException("a state that has no tables has parts");
    }
    isDone = true;
    finish();
  }

  private void add(Mutation mutation) throws DamagedStorageException {
    switch (mutation) {
      case Mutation.CreateTable(int tableId, TableSpec _) -> {
        tables.add(tableId);
        if (known(tableId) == null) {
          changes.add(mutation);
        }
      }
      case Mutation.PutRows put -> rows(begin(put.tableId()), put);
      case Mutation.PutBatch put -> batch(begin(put.tableId()), put);
      case Mutation.Delete _, Mutation.DropTable _ ->
          throw new DamagedStorageException("a state deletes something");
    }
  }

  private @Nullable Table known(int tableId) {
    Table found = catalog.byId(tableId);
    return found == null || found.isDropped() ? null : found;
  }

  private @Nullable Table begin(int tableId) throws DamagedStorageException {
    if (!tables.contains(tableId)) {
      throw new DamagedStorageException("a state has items of a table that it does not have");
    }
    if (tableId != tableUnderWay) {
      endTable();
      tableUnderWay = tableId;
      compared.add(tableId);
      table = known(tableId);
      from = table == null ? null : table.allKeys().from();
    }
    return table;
  }

  private void rows(@Nullable Table its, Mutation.PutRows put) {
    if (its == null) {
      changes.add(put); // of a table that is new here
      return;
    }
    FrozenBatch batch = BatchFrame.onHeap(its.batchSchema(), bytes(put.frame()));
    int[] indexes = its.keyColumnIndexes();
    ColumnView[] columns = new ColumnView[indexes.length];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = batch.column(indexes[i]);
    }
    List<Key> keys = new ArrayList<>();
    for (int row = 0; row < batch.rowCount(); row++) {
      keys.add(its.key(columns, row));
    }
    if (!keys.isEmpty()) {
      deleteOthers(its, Set.copyOf(keys), keys.getLast().successor());
      addDifferent(its, put, batch, keys);
    }
  }

  private void addDifferent(Table its, Mutation.PutRows put, FrozenBatch batch, List<Key> keys) {
    List<@Nullable Version<StoredValue>> known = new ArrayList<>();
    for (Key key : keys) {
      Version<StoredValue> version = buffer.get(key, before);
      known.add(version == null || version.isTombstone() ? null : version);
    }
    if (areSame(its, put.frame(), known)) {
      return;
    }
    Gather different = new Gather(its.batchSchema());
    for (int row = 0; row < batch.rowCount(); row++) {
      Version<StoredValue> version = known.get(row);
      if (version == null || !isSame(batch, row, version)) {
        different.add(batch, row, 1);
      }
    }
    if (different.rowCount() > 0) {
      ByteBuffer frame = ByteBuffer.wrap(BatchFrame.encode(different));
      changes.add(new Mutation.PutRows(its.id(), frame));
    }
  }

  /** {@return whether all rows are here just as they are told} Faster than one after the other. */
  private static boolean areSame(
      Table its, ByteBuffer frame, List<@Nullable Version<StoredValue>> known) {
    Gather here = new Gather(its.batchSchema());
    try (Pins pins = new Pins()) {
      for (Version<StoredValue> version : known) {
        if (version == null) {
          return false;
        }
        here.add(pins.add(Reading.storedOf(version)), version.index(), 1);
      }
      return frame.equals(ByteBuffer.wrap(BatchFrame.encode(here)));
    }
  }

  private static boolean isSame(FrozenBatch batch, int row, Version<StoredValue> known) {
    try (FrozenBatch other = Reading.storedOf(known).pin()) {
      return Arrays.equals(frameOf(batch, row), frameOf(other, known.index()));
    }
  }

  private static byte[] frameOf(FrozenBatch batch, int row) {
    return BatchFrame.encode(new Gather(batch.schema()).add(batch, row, 1));
  }

  private void batch(@Nullable Table its, Mutation.PutBatch put) {
    if (its == null) {
      changes.add(put);
      return;
    }
    Key key = its.key(put.key());
    Version<StoredValue> known = buffer.get(key, before);
    if (known == null || known.isTombstone() || !isSame(put.frame(), known)) {
      changes.add(put);
    }
    deleteOthers(its, Set.of(key), key.successor());
  }

  private static boolean isSame(ByteBuffer frame, Version<StoredValue> known) {
    try (FrozenBatch other = Reading.storedOf(known).pin()) {
      return frame.equals(ByteBuffer.wrap(BatchFrame.encode(other)));
    }
  }

  /** Deletes the items up to a key that are here and must not be. */
  private void deleteOthers(Table its, Set<Key> wanted, Key to) {
    Key first = from;
    if (first == null || to.compareTo(first) < 0) {
      throw new IllegalArgumentException("the items of a state are not in the order of their keys");
    }
    var _ =
        buffer.scanForUpkeep(
            new KeyInterval(first, to),
            before,
            (key, _) -> {
              if (!wanted.contains(key)) {
                changes.add(new Mutation.Delete(its.id(), ByteBuffer.wrap(its.bodyOf(key))));
              }
            });
    from = to;
  }

  private void endTable() {
    Table its = table;
    Key end = its == null ? null : its.allKeys().to();
    if (its != null && end != null) {
      deleteOthers(its, Set.of(), end);
    }
  }

  private void finish() throws DamagedStorageException {
    endTable();
    for (Table known : catalog.all()) {
      if (!tables.contains(known.id())) {
        changes.addFirst(new Mutation.DropTable(known.id())); // another may have its name now
      } else if (!compared.contains(known.id())) {
        table = known; // it is empty there
        from = known.allKeys().from();
        endTable();
      }
    }
    before.close(); // it would keep what is deleted
    buffer.beginAt(version); // of the commits that led there, there are none here
    if (changes.isEmpty()) {
      buffer.skipTo(version);
    } else {
      recovery.applyOrStop(new CommittedTransaction(version, 0, changes));
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  /** Changes nothing, if the end was not reached. Closing twice does nothing. */
  @Override
  public void close() {
    before.close();
  }
}
