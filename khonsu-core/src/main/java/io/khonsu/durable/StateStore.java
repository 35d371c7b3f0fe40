package io.khonsu.durable;

import io.khonsu.TableSpec;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.StateReceiver;
import io.khonsu.spi.StateReceiver.Extent;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The fold of all commits up to an applied version, item by item, in a key-value store. Every
 * change is one batch together with the version it leads up to, so that the two never part; how far
 * that has got on disk only {@link #flush} says. Applying again what was applied changes nothing.
 *
 * <p>Format 1, numbers big-endian: in the space {@code items}, the key of an item is its table's
 * number in 4 bytes and its encoded key; the value is the version of the commit that wrote it, in
 * 8, and a frame: of a row table one row, of a batch table the batch. Tables are items of table 0,
 * with the table's number in 4 bytes and its name as their key, and as their frame an encoded
 * transaction that creates the table. In the space {@code meta}, {@code head} is the format version
 * in 4 bytes, the store's id in 16, the applied version in 8, the greatest transaction id in 8 and
 * the greatest table number in 4.
 *
 * <p>One thread applies; all else is thread-safe.
 */
public final class StateStore implements AutoCloseable {
  /** The format that this version writes, and the only one it reads. */
  public static final int FORMAT_VERSION = 1;

  static final List<String> SPACES = List.of("items", "meta");
  private static final String ITEMS = "items";
  private static final String META = "meta";
  private static final byte[] HEAD = {'h', 'e', 'a', 'd'};
  private static final int HEAD_BYTES = 4 + StoreId.BYTES + 8 + 8 + 4;
  private static final int CATALOG_ID = 0;

  private final KeyValueStore store;
  private final StoreId id;
  private final Map<Integer, StateTable> tables = new HashMap<>();

  /** Held while what is stored and {@link #applied} may differ. */
  private final ReentrantLock changing = new ReentrantLock();

  private volatile Extent applied;
  private volatile long flushedVersion;

  private StateStore(KeyValueStore store, StoreId id, Extent applied) {
    this.store = store;
    this.id = id;
    this.applied = applied;
    this.flushedVersion = applied.version();
  }

  /** {@return the state of no commit in an empty key-value store, which it takes over} */
  public static StateStore create(KeyValueStore store, StoreId id) throws IOException {
    return create(store, id, Extent.NONE);
  }

  private static StateStore create(KeyValueStore store, StoreId id, Extent extent)
      throws IOException {
    StateStore state = new StateStore(store, id, extent);
    store.write(new KeyValueBatch().put(META, HEAD, state.head(extent)), Sync.SYNCED);
    return state;
  }

  /**
   * {@return the state in a key-value store, which it takes over}
   *
   * @throws StorageRefusedException if it belongs to another store, or has another format
   * @throws DamagedStorageException if it is not as it was written
   */
  public static StateStore open(KeyValueStore store, StoreId id) throws IOException {
    byte[] bytes = store.get(META, HEAD);
    if (bytes == null || bytes.length < Integer.BYTES) {
      throw new DamagedStorageException("the state has lost its head: restore a backup");
    }
    ByteBuffer head = ByteBuffer.wrap(bytes);
    int format = head.getInt();
    if (format != FORMAT_VERSION) {
      throw new StorageRefusedException(
          Reason.UNKNOWN_FORMAT,
          "the state has format version %d, this program knows version %d: use the version of"
                  .formatted(format, FORMAT_VERSION)
              + " Khonsu that wrote it");
    }
    if (bytes.length != HEAD_BYTES) {
      throw new DamagedStorageException("the state's head has %d bytes".formatted(bytes.length));
    }
    StoreId found = StoreId.read(head);
    if (!found.equals(id)) {
      throw new StorageRefusedException(
          Reason.FOREIGN_PART,
          "the state belongs to store %s, not to %s: put its own state back, or restore a backup"
              .formatted(found, id));
    }
    Extent extent = new Extent(head.getLong(), head.getLong(), head.getInt());
    StateStore state = new StateStore(store, id, extent);
    state.readTables();
    return state;
  }

  /**
   * {@return the state in a directory where {@link #checkpoint} has put it}
   *
   * @param engine that of the store it was copied from
   * @param id the id of that store
   */
  public static StateStore open(KeyValueEngine engine, Path directory, StoreId id)
      throws IOException {
    KeyValueStore store = engine.open(directory, new Options(Use.STATE, Presence.EXISTING, SPACES));
    boolean opened = false;
    try {
      StateStore state = open(store, id);
      opened = true;
      return state;
    } finally {
      if (!opened) {
        store.close();
      }
    }
  }

  /** {@return the copied state of one store, made that of another; nobody holds its log} */
  static StateStore adopt(KeyValueStore store, StoreId from, StoreId to) throws IOException {
    StateStore found = open(store, from);
    StateStore state = new StateStore(store, to, found.applied);
    KeyValueBatch batch = new KeyValueBatch().put(META, HEAD, state.head(state.applied));
    for (String hold : found.holds().keySet()) {
      var _ = batch.delete(META, holdKey(hold));
    }
    store.write(batch, Sync.SYNCED);
    state.readTables();
    return state;
  }

  private byte[] head(Extent extent) {
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).putInt(FORMAT_VERSION);
    id.write(head);
    return head.putLong(extent.version())
        .putLong(extent.transactionId())
        .putInt(extent.tableId())
        .array();
  }

  private void readTables() throws IOException {
    byte[] from = StateTable.prefix(CATALOG_ID);
    try (KeyValueStore.Cursor cursor = store.cursor(ITEMS, from, StateTable.prefix(1))) {
      while (cursor.next()) {
        Mutation.CreateTable table = tableIn(cursor.value());
        tables.put(table.tableId(), new StateTable(table.tableId(), table.spec()));
      }
    }
  }

  private static Mutation.CreateTable tableIn(byte[] value) throws IOException {
    byte[] encoded = StateTable.bytes(frameIn(value));
    if (TransactionCodec.decode(encoded).mutations().getFirst()
        instanceof Mutation.CreateTable table) {
      return table;
    }
    throw new DamagedStorageException("an item of the catalog creates no table");
  }

  private static ByteBuffer frameIn(byte[] value) throws DamagedStorageException {
    if (value.length < Long.BYTES) {
      throw new DamagedStorageException("an item has a value of %d bytes".formatted(value.length));
    }
    return ByteBuffer.wrap(value, Long.BYTES, value.length - Long.BYTES).slice();
  }

  /** {@return the version of the newest commit that was applied, or 0} */
  public long appliedVersion() {
    return applied.version();
  }

  /** {@return the version that the state has at least got to when it is opened after a crash} */
  public long flushedVersion() {
    return flushedVersion;
  }

  /** {@return what was applied} */
  public Extent extent() {
    return applied;
  }

  /**
   * Applies commits, all in one batch; those that were applied before are left out.
   *
   * @param commits versions ascending, and none left out since the applied version; borrowed
   * @throws DamagedStorageException if one does not fit the state
   */
  public void apply(List<CommittedTransaction> commits) throws IOException {
    StateChanges changes = new StateChanges();
    Extent extent = applied;
    for (CommittedTransaction commit : commits) {
      if (commit.version() > extent.version()) {
        int newestTable = extent.tableId();
        for (Mutation mutation : commit.mutations()) {
          apply(commit, mutation, changes);
          newestTable = Math.max(newestTable, mutation.tableId());
        }
        extent =
            new Extent(
                commit.version(),
                Math.max(extent.transactionId(), commit.transactionId()),
                newestTable);
      }
    }
    if (extent.version() > applied.version()) {
      KeyValueBatch batch = new KeyValueBatch();
      changes.addTo(batch, ITEMS);
      changing.lock();
      try {
        store.write(batch.put(META, HEAD, head(extent)), Sync.WRITTEN);
        applied = extent;
      } finally {
        changing.unlock();
      }
    }
  }

  private void apply(CommittedTransaction commit, Mutation mutation, StateChanges changes)
      throws DamagedStorageException {
    long version = commit.version();
    switch (mutation) {
      case Mutation.CreateTable(int tableId, TableSpec spec) -> {
        if (tableId <= CATALOG_ID || tables.containsKey(tableId)) {
          throw new DamagedStorageException("a table is created with number " + tableId);
        }
        tables.put(tableId, new StateTable(tableId, spec));
        changes.put(catalogKey(tableId, spec.name()), version, definition(commit, mutation));
      }
      case Mutation.DropTable(int tableId) -> {
        changes.delete(catalogKey(tableId, table(tableId).spec().name()));
        changes.drop(tableId);
        tables.remove(tableId);
      }
      case Mutation.PutRows(int tableId, ByteBuffer frame) ->
          table(tableId).eachRow(frame, (key, row) -> changes.put(key, version, row));
      case Mutation.PutBatch(int tableId, String name, ByteBuffer frame) ->
          changes.put(table(tableId).batchKey(name), version, StateTable.bytes(frame));
      case Mutation.Delete(int tableId, ByteBuffer key) -> changes.delete(table(tableId).key(key));
    }
  }

  private static byte[] definition(CommittedTransaction commit, Mutation creation) {
    return TransactionCodec.encode(
        new CommittedTransaction(commit.version(), commit.transactionId(), List.of(creation)));
  }

  private static byte[] catalogKey(int tableId, String name) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(2 * Integer.BYTES + text.length)
        .putInt(CATALOG_ID)
        .putInt(tableId)
        .put(text)
        .array();
  }

  private StateTable table(int tableId) throws DamagedStorageException {
    StateTable table = tables.get(tableId);
    if (table == null) {
      throw new DamagedStorageException("there is no table with number " + tableId);
    }
    return table;
  }

  /** Makes durable what was applied until now; {@return the version that it got to} */
  public long flush() throws IOException {
    long version = applied.version();
    if (version > flushedVersion) {
      store.flush();
      flushedVersion = version;
    }
    return flushedVersion;
  }

  /**
   * Hands over the state as it is, while others go on.
   *
   * @return what is in it
   */
  @SuppressWarnings("MustBeClosedChecker") // closed below
  public Extent read(StateReceiver receiver) throws IOException {
    KeyValueStore.Cursor opened;
    Extent extent;
    changing.lock();
    try {
      extent = applied;
      opened = store.cursor(ITEMS, new byte[0], null);
    } finally {
      changing.unlock();
    }
    try (KeyValueStore.Cursor cursor = opened) {
      while (cursor.next()) {
        handOver(cursor.key(), cursor.value(), receiver);
      }
    }
    return extent;
  }

  private static void handOver(byte[] key, byte[] value, StateReceiver receiver)
      throws IOException {
    if (key.length < Integer.BYTES) {
      throw new DamagedStorageException("an item has a key of %d bytes".formatted(key.length));
    }
    ByteBuffer body = ByteBuffer.wrap(key);
    int tableId = body.getInt();
    ByteBuffer frame = frameIn(value);
    long version = ByteBuffer.wrap(value).getLong();
    if (tableId == CATALOG_ID) {
      Mutation.CreateTable table = tableIn(value);
      receiver.table(table.tableId(), version, table.spec());
    } else {
      receiver.item(tableId, body.slice(), version, frame);
    }
  }

  /** {@return all holds, by name} */
  Map<String, Long> holds() throws IOException {
    Map<String, Long> holds = new HashMap<>();
    byte[] end = holdKey("");
    end[end.length - 1]++;
    try (KeyValueStore.Cursor cursor = store.cursor(META, holdKey(""), end)) {
      while (cursor.next()) {
        byte[] key = cursor.key();
        int start = holdKey("").length;
        String name = new String(key, start, key.length - start, StandardCharsets.UTF_8);
        holds.put(name, ByteBuffer.wrap(cursor.value()).getLong());
      }
    }
    return holds;
  }

  /** Notes a hold, or with null that it is over; after a crash an older note may come back. */
  void setHold(String name, @Nullable Long version) throws IOException {
    byte[] key = holdKey(name);
    KeyValueBatch batch = new KeyValueBatch();
    if (version == null) {
      store.write(batch.delete(META, key), Sync.WRITTEN);
    } else {
      byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(version).array();
      store.write(batch.put(META, key, value), Sync.WRITTEN);
    }
  }

  private static byte[] holdKey(String name) {
    return ("hold/" + name).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Makes a copy of the state, while others go on: to be opened by the same engine.
   *
   * @param directory does not exist; its parent does, on the same file system
   */
  public void checkpoint(Path directory) throws IOException {
    store.checkpoint(directory);
  }

  /** {@return about how many bytes of disk it takes} */
  public long sizeBytes() throws IOException {
    return store.sizeBytes();
  }

  /** Flushes, and releases what it holds. Closing twice does nothing. */
  @Override
  public void close() throws IOException {
    store.close();
  }
}
