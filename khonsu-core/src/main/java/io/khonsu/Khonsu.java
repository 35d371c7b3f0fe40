package io.khonsu;

import io.khonsu.durable.DurableStorage;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.key.KeyCodec;
import io.khonsu.mvcc.BufferOptions;
import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StateReceiver;
import io.khonsu.spi.Storage;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store of Arrow tables with ACID transactions. Thread-safe; close it.
 *
 * <p>{@link #inMemory} keeps everything in memory; {@link #open} also gives every commit to a
 * {@link Storage} before it can be seen, and starts from what the storage holds.
 */
public final class Khonsu implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Khonsu.class);

  private final StoreConfig config;
  private final Catalog catalog = new Catalog();
  private final Memory memory;
  private final ReplayedVersions versions;
  private final TxnBuffer<StoredValue> buffer;
  private final @Nullable Storage storage;
  private final @Nullable CommitPipeline pipeline;
  private final DroppedTables droppedTables;
  private final Committer committer;
  private final TransactionManager manager;
  private final CompactionCounts compactionCounts = new CompactionCounts();
  private final Compactor compactor;
  private final Retrying retrying;
  private final Watches watches = new Watches();

  /** What a store is made of, for those that change it without a transaction. */
  record Parts(
      TxnBuffer<StoredValue> buffer,
      ReplayedVersions versions,
      DroppedTables droppedTables,
      Recovery.TableMaker tables,
      Memory memory) {}

  private Khonsu(
      StoreConfig config,
      @Nullable Storage storage,
      @Nullable BufferAllocator allocator,
      InstantSource clock,
      @Nullable CommitOrder order) {
    this.config = config;
    this.storage = storage;
    this.memory = new Memory(config.memoryLimitBytes(), allocator);
    OpenViews views = new OpenViews(clock);
    if (storage instanceof DurableStorage durable) {
      memory.spillTo(durable.scratch(), views, config.budgetBytes());
    }
    this.versions = new ReplayedVersions(new HybridClock(clock));
    this.buffer =
        new TxnBuffer<>(
            new BufferOptions<StoredValue>(
                    versions,
                    0,
                    HybridClock.span(config.retention().toMillis()),
                    storage == null && order == null
                        ? TxnBuffer.Publication.AT_COMMIT
                        : TxnBuffer.Publication.EXPLICIT,
                    new BatchMerger(catalog, memory, config),
                    new StoredLifecycle(compactionCounts))
                .withCertification(config.certification())
                .withLimits(config.retentionBytes(), config.watchBacklogBytes()));
    this.pipeline =
        storage == null ? null : new CommitPipeline(buffer, storage, new CommitEncoder(catalog));
    this.droppedTables = new DroppedTables(buffer, catalog);
    this.committer =
        order == null
            ? new EmbeddedCommitter(buffer, droppedTables, this::tableOf, memory, pipeline)
            : new ReplicatedCommitter(order, buffer, catalog, memory);
    this.manager = new TransactionManager(config, buffer, droppedTables, memory, views, committer);
    this.retrying = new Retrying(manager);
    this.compactor =
        new Compactor(manager, droppedTables, compactionCounts, config.compactionRowsPerSecond());
  }

  /** {@return an empty replica, which commits through {@code order} and closes it} */
  static Khonsu replica(
      StoreConfig config,
      CommitOrder order,
      @Nullable BufferAllocator allocator,
      InstantSource clock) {
    if (config.certification() != Certification.OCC) {
      throw new IllegalArgumentException(
          "a store on several nodes certifies by OCC only, but its certification is "
              + config.certification());
    }
    return new Khonsu(config, null, allocator, clock, order).started();
  }

  Committer committer() {
    return committer;
  }

  Parts parts() {
    return new Parts(buffer, versions, droppedTables, this::tableOf, memory);
  }

  /** {@return an empty store in memory, with default settings} */
  public static Khonsu inMemory() {
    return inMemory(StoreConfig.defaults());
  }

  /** {@return an empty store in memory} */
  public static Khonsu inMemory(StoreConfig config) {
    return new Khonsu(config, null, null, InstantSource.system(), null).started();
  }

  /**
   * {@return a store in memory that takes its memory from an allocator of the caller's}
   *
   * @param allocator borrowed; close it after the store
   */
  public static Khonsu inMemory(StoreConfig config, BufferAllocator allocator) {
    return new Khonsu(config, null, allocator, InstantSource.system(), null).started();
  }

  /**
   * Opens the store that a storage holds.
   *
   * @param storage taken over: closed with the store, and when this fails
   * @throws CorruptionException if the storage is damaged
   * @throws StorageException if it cannot be read
   */
  public static Khonsu open(StoreConfig config, Storage storage) {
    return open(config, storage, null, InstantSource.system());
  }

  /**
   * Opens the store that a storage holds, as {@link #open(StoreConfig, Storage)}, with memory from
   * an allocator of the caller's.
   *
   * @param allocator borrowed; close it after the store
   */
  public static Khonsu open(StoreConfig config, Storage storage, BufferAllocator allocator) {
    return open(config, storage, allocator, InstantSource.system());
  }

  /** Opens the store in a directory, with default settings, as {@link #open(Path, StoreConfig)}. */
  public static Khonsu open(Path directory) {
    return open(directory, StoreConfig.defaults());
  }

  /**
   * Opens the store in a directory, or creates one if the directory does not exist or is empty.
   * What was committed is there again, whatever happened to the process or the machine, as far as
   * {@link StoreConfig#durability} promises; history before it was opened is gone.
   *
   * <p>Needs a {@link io.khonsu.spi.KeyValueEngine} on the class path, as khonsu-rocksdb is one.
   *
   * @throws OpenRefusedException if there is no engine, the store is open elsewhere, a part of it
   *     is lost or foreign, or its format is unknown; nothing was changed
   * @throws CorruptionException if a part of it is damaged
   * @throws StorageException if it cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // the store owns the storage
  public static Khonsu open(Path directory, StoreConfig config) {
    return open(config, DurableOpening.storage(directory, config), null, InstantSource.system());
  }

  static Khonsu open(
      StoreConfig config,
      @Nullable Storage storage,
      @Nullable BufferAllocator allocator,
      InstantSource clock) {
    Khonsu store = new Khonsu(config, storage, allocator, clock, null);
    try {
      store.recover();
      LOG.atInfo().addKeyValue("config", config).log("opened the store");
      return store.started();
    } catch (RuntimeException | Error e) {
      store.closeAfter(e);
      throw e;
    }
  }

  private Khonsu started() {
    compactor.start();
    return this;
  }

  private void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void recover() {
    if (storage == null || pipeline == null) {
      return;
    }
    Recovery recovery = new Recovery(buffer, droppedTables, this::tableOf, versions, memory);
    try {
      BaseLoad base = recovery.base();
      StateReceiver.Extent extent = storage.readState(base);
      base.finish(extent);
      recovery.beginAfter(extent);
      storage.replay(recovery::apply);
    } catch (DamagedStorageException e) {
      throw new CorruptionException("the storage is damaged: " + e.getMessage(), e);
    } catch (StorageRefusedException e) {
      throw new OpenRefusedException(e);
    } catch (IOException e) {
      throw new StorageException("the storage cannot be read: " + e.getMessage(), e);
    }
    manager.continueAfter(recovery.lastTransactionId());
    pipeline.start();
    collect();
  }

  /**
   * Creates a table.
   *
   * @return its handle
   * @throws TableExistsException if there is one of that name
   * @throws UnsupportedColumnException if a column cannot be stored
   * @throws IllegalArgumentException if a key column is unknown, named twice or of a type that keys
   *     cannot have, or if no key can be as small as {@link StoreConfig#keySizeMaxBytes}
   */
  public synchronized Table createTable(TableSpec spec) {
    manager.views().checkOpen();
    if (catalog.find(spec.name()).isPresent()) {
      throw new TableExistsException("there is a table \"%s\" already".formatted(spec.name()));
    }
    BatchSchema.of(spec.schema());
    if (!spec.keyColumns().isEmpty() || spec.kind() == TableSpec.Kind.ROWS) {
      KeyCodec.of(spec.schema(), spec.keyColumns(), config.keySizeMaxBytes());
    }
    return manager.committer().createTable(manager.nextTransactionId(), spec);
  }

  /** {@return the table of a name} */
  public Optional<Table> table(String name) {
    manager.views().checkOpen();
    return catalog.find(name);
  }

  /** {@return all tables, in the order of their names} */
  public List<Table> tables() {
    manager.views().checkOpen();
    return catalog.all();
  }

  /**
   * Drops a table with all that is in it. Transactions that use it fail from here on, those
   * included that meet it while the storage still considers; its memory is freed when those have
   * ended that were open at this time.
   *
   * @throws TableDroppedException if it was dropped before
   */
  public synchronized void dropTable(Table table) {
    manager.views().checkOpen();
    manager.check(table);
    manager.committer().dropTable(manager.nextTransactionId(), table);
  }

  private Table tableOf(StoredTable definition) {
    Key key = buffer.key(Catalog.keyBytes(definition.tableId(), definition.spec().name()));
    return new Table(buffer, definition, key);
  }

  /** {@return a new transaction with default options, which the caller must close} */
  public Transaction begin() {
    return begin(defaultOptions());
  }

  /**
   * {@return a new transaction, which the caller must close}
   *
   * <p>One that is lost unclosed is ended by the garbage collector at a time of its choosing, also
   * while a batch that it returned is still being read.
   */
  public Transaction begin(TransactionOptions options) {
    Transaction transaction = manager.begin(manager.nextTransactionId(), options, RunMode.BY_HAND);
    manager.watch(transaction);
    return transaction;
  }

  private TransactionOptions defaultOptions() {
    return TransactionOptions.of(config.isolation()).onConflict(config.onConflict());
  }

  /**
   * Runs a transaction with default options and commits it; again from the start as long as it
   * collides with others, or calls {@link Transaction#retry}.
   *
   * @return the result of the run that was committed
   * @throws TransactionDeadlineException if none could be committed in time
   * @throws TransactionInterruptedException if the thread was interrupted between two runs
   * @throws RetryImpossibleException if the body called retry() and had read nothing
   * @throws HookFailedException if a hook threw; it tells whether the transaction was committed
   * @throws E what the body throws; nothing has changed then
   */
  public <R extends @Nullable Object, E extends Exception> R transact(TransactionBody<R, E> body)
      throws E {
    return transact(defaultOptions(), body);
  }

  /** Runs a transaction as {@link #transact(TransactionBody)}, with options of its own. */
  public <R extends @Nullable Object, E extends Exception> R transact(
      TransactionOptions options, TransactionBody<R, E> body) throws E {
    return retrying.run(options, body);
  }

  /** Runs a transaction without a result as {@link #transact(TransactionBody)}. */
  public <E extends Exception> void run(TransactionAction<E> action) throws E {
    run(defaultOptions(), action);
  }

  /** Runs a transaction without a result, with options of its own. */
  public <E extends Exception> void run(TransactionOptions options, TransactionAction<E> action)
      throws E {
    var _ = transact(options, action.asBody());
  }

  /**
   * {@return a snapshot of the newest commit, which the caller must close} It has its place in the
   * one serial order of the SERIALIZABLE transactions. It never waits for others, with one
   * exception: certified by SSN, in a store with a storage, it may wait until a commit that has
   * come later, but is ordered earlier, is persisted. {@code snapshotAt(newestVersion())} does not
   * wait, and promises no more than a prefix of the commits.
   */
  public Snapshot snapshot() {
    Snapshot snapshot = manager.snapshot();
    manager.watch(snapshot);
    return snapshot;
  }

  /**
   * {@return a snapshot of the newest commit that this node knows of, which the caller must close}
   * In a cluster others may know newer ones, and {@link #snapshot} asks them; this does not. It is
   * a consistent state all the same. Where there is but one node it is {@link #snapshot}.
   */
  public Snapshot localSnapshot() {
    Snapshot snapshot = manager.localSnapshot();
    manager.watch(snapshot);
    return snapshot;
  }

  /**
   * {@return a snapshot of the past, which the caller must close}
   *
   * @param version a commit version, or any other: the commits up to it are seen
   * @throws SnapshotTooOldException if it is older than the retention allows
   * @throws IllegalArgumentException if it is newer than the newest commit
   */
  public Snapshot snapshotAt(long version) {
    Snapshot snapshot = manager.snapshotAt(version);
    manager.watch(snapshot);
    return snapshot;
  }

  /**
   * {@return a snapshot of an instant, which the caller must close: of the commits up to and
   * including its millisecond}
   *
   * @throws SnapshotTooOldException if it is older than the retention allows
   */
  public Snapshot snapshotAt(Instant instant) {
    return snapshotAt(Math.min(HybridClock.lastOf(instant), buffer.newestVersion()));
  }

  /**
   * Tells a listener of every commit from now on that changes a range of a table, in the order of
   * the commits, one after another, on a virtual thread of its own. Close it.
   *
   * @return a handle to end it by, which says how far it has got
   * @throws IllegalArgumentException if the range does not fit the table
   * @throws IllegalStateException if there are {@value Watches#COUNT_MAX} watches already
   */
  public Watch watch(Table table, KeyRange range, ChangeListener listener) {
    return watches.start(manager.feed(table, range, null), listener);
  }

  /**
   * Tells a listener as {@link #watch(Table, KeyRange, ChangeListener)} of every commit after a
   * version: where another watch has got to, or a snapshot is.
   *
   * @throws SnapshotTooOldException if it is older than the retention allows; it names the oldest
   * @throws IllegalArgumentException if it is newer than the newest commit
   */
  public Watch watch(Table table, KeyRange range, long version, ChangeListener listener) {
    return watches.start(manager.feed(table, range, version), listener);
  }

  /**
   * {@return what is told to the listener of {@link #watch(Table, KeyRange, ChangeListener)}, to be
   * asked for by the caller, who must close it}
   */
  public ChangeFeed changes(Table table, KeyRange range) {
    return watches.add(manager.feed(table, range, null));
  }

  /**
   * {@return what is told to the listener of {@link #watch(Table, KeyRange, long, ChangeListener)},
   * to be asked for by the caller, who must close it}
   */
  public ChangeFeed changes(Table table, KeyRange range, long version) {
    return watches.add(manager.feed(table, range, version));
  }

  /**
   * {@return how the items of a table at one version differ from those at another, which may also
   * be the older one; close it}
   *
   * @throws SnapshotTooOldException if one is older than the retention allows; it names the oldest
   * @throws IllegalArgumentException if one is newer than the newest commit
   */
  public TableDiff diff(Table table, long fromVersion, long toVersion) {
    manager.views().checkOpen();
    var _ = manager.check(table);
    Snapshot from = snapshotAt(fromVersion);
    try {
      return new TableDiff(manager, table, from, snapshotAt(toVersion));
    } catch (RuntimeException | Error e) {
      from.close();
      throw e;
    }
  }

  /** {@return what {@code body} reads in a {@link #snapshot} of the newest commit} */
  public <R extends @Nullable Object, E extends Exception> R readOnly(SnapshotBody<R, E> body)
      throws E {
    try (Snapshot snapshot = manager.snapshot()) {
      return body.run(snapshot);
    }
  }

  /** {@return the version of the newest commit that can be seen} */
  public long newestVersion() {
    return buffer.newestVersion();
  }

  /** {@return the instant, to the millisecond, of a commit version} */
  public static Instant instantOf(long version) {
    return HybridClock.instantOf(version);
  }

  /**
   * {@return the greatest version that a commit of an instant can have, and of its millisecond; -1
   * if it is before the epoch}
   */
  public static long lastVersionOf(Instant instant) {
    return HybridClock.lastOf(instant);
  }

  /** {@return the oldest version that {@link #snapshotAt(long)} takes now} */
  public long oldestVersion() {
    return buffer.oldestVersion();
  }

  /** {@return where transactions have collided, the worst first} */
  public Contention contention() {
    return manager.contention();
  }

  /**
   * Adds a listener that is told of collisions and of waiting, one event after another, on a thread
   * of its own: it cannot hold up transactions. If it is slow, at most {@value Delivery#QUEUE_MAX}
   * events wait for it; further ones it misses, and the handle counts them. If it throws, it is
   * removed, and the handle says so.
   *
   * @return a handle to remove it by; closing the store does so too, after what waits
   * @throws IllegalStateException if there are {@value ContentionListeners#COUNT_MAX} already
   */
  public ListenerHandle addContentionListener(ContentionListener listener) {
    return manager.reports().listeners().add(listener);
  }

  /**
   * {@return what keeps the commits, or empty if they are in memory only} Borrowed, for tools such
   * as backups; of a store opened by its path a {@link io.khonsu.durable.DurableStorage}.
   */
  public Optional<Storage> storage() {
    return Optional.ofNullable(storage);
  }

  /** {@return what the store has done and holds} */
  public StoreStatistics statistics() {
    return manager.statistics(retrying.retries(), compactionCounts.statistics());
  }

  /** Frees the history that nobody can see. Commits do their share of it anyway. */
  public synchronized void collect() {
    manager.views().checkOpen();
    droppedTables.purge();
    buffer.collect();
  }

  /**
   * Puts rows that lie in many small batches together in large ones, in the order of their keys, in
   * all row tables: scans become faster, and less memory is used. That happens in the background
   * anyway; this call does it now, at full speed. Others go on meanwhile; what is read stays the
   * same, at every version.
   *
   * @throws UnavailableException if memory is short: nothing is lost, try again later
   * @throws StoreClosedException if the store is closed, before or meanwhile
   */
  public void compact() {
    manager.views().checkOpen();
    compactor.runToEnd();
  }

  /**
   * Ends what is open, waits for commits under way, and releases everything. Closing twice does
   * nothing.
   *
   * @throws IllegalStateException if retained batches are still open: they stay readable, and their
   *     memory goes back when they are closed
   * @throws StorageException if the storage cannot be closed
   */
  @Override
  public void close() {
    if (manager.views().close()) {
      buffer.wakeAll();
      manager.reports().listeners().close();
      watches.close();
      release();
    }
  }

  /** Synchronized, to come after tables being created and dropped. */
  private synchronized void release() {
    droppedTables.close();
    compactor.close();
    try {
      committer.close();
      memory.endSpilling();
      if (storage != null) {
        storage.close();
      }
    } catch (IOException e) {
      throw new StorageException("the storage cannot be closed: " + e.getMessage(), e);
    } finally {
      buffer.clear();
      memory.close();
    }
  }
}
