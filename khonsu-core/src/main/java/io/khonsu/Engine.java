package io.khonsu;

import io.khonsu.durable.DurableStorage;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.key.KeyCodec;
import io.khonsu.mvcc.BufferOptions;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StateReceiver;
import io.khonsu.spi.Storage;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.Objects;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** What a store is made of, put together, started and ended in order. */
final class Engine {
  private final StoreConfig config;
  private final Catalog catalog = new Catalog();
  private final Memory memory;
  private final ReplayedVersions versions;
  private final TxnBuffer<StoredValue> buffer;
  private final @Nullable Storage storage;
  private final @Nullable CommitPipeline pipeline;
  private final DroppedTables droppedTables;
  private final Committer committer;
  private final @Nullable RemoteTables remoteTables;
  private final TransactionManager manager;
  private final CompactionCounts compactionCounts = new CompactionCounts();
  private final Compactor compactor;
  private final Watches watches = new Watches();

  Engine(
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
    if (order != null && !(order instanceof RemoteOrder)) {
      memory.keepReserve(config.transactionSizeMaxBytes());
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
    TransactionManager.Commits commits;
    if (order instanceof RemoteOrder remote) {
      RemoteLink link = remote.link();
      this.remoteTables = new RemoteTables(link, catalog, this::tableOf);
      this.committer =
          new RemoteCommitter(
              link,
              remoteTables,
              new ReplicatedCommitter(order, buffer, link::recentVersion, catalog, memory));
      commits =
          new TransactionManager.Commits(committer, new RemoteOrigin(link, catalog, memory, views));
    } else {
      this.remoteTables = null;
      this.committer =
          order == null
              ? new EmbeddedCommitter(buffer, droppedTables, this::tableOf, memory, pipeline)
              : new ReplicatedCommitter(order, buffer, catalog, memory);
      commits =
          new TransactionManager.Commits(
              committer, new LocalOrigin(config, buffer, views, committer));
    }
    this.manager = new TransactionManager(config, buffer, droppedTables, memory, views, commits);
    this.compactor =
        new Compactor(manager, droppedTables, compactionCounts, config.compactionRowsPerSecond());
  }

  /** Takes in what the storage holds, if there is one. */
  void recover() {
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

  void start() {
    compactor.start();
  }

  /** Creates a table, as {@link Store#createTable} says. */
  synchronized Table createTable(TableSpec spec) {
    manager.views().checkOpen();
    if (catalog.find(spec.name()).isPresent()) {
      throw new TableExistsException("there is a table \"%s\" already".formatted(spec.name()));
    }
    BatchSchema.of(spec.schema());
    if (!spec.keyColumns().isEmpty() || spec.kind() == TableSpec.Kind.ROWS) {
      KeyCodec.of(spec.schema(), spec.keyColumns(), config.keySizeMaxBytes());
    }
    return committer.createTable(manager.nextTransactionId(), spec);
  }

  /** Drops a table, as {@link Store#dropTable} says. */
  synchronized void dropTable(Table table) {
    manager.views().checkOpen();
    manager.check(table);
    committer.dropTable(manager.nextTransactionId(), table);
  }

  /** {@return a handle of a table} */
  Table tableOf(StoredTable definition) {
    Key key = buffer.key(Catalog.keyBytes(definition.tableId(), definition.spec().name()));
    return new Table(buffer, definition, key);
  }

  StoreConfig config() {
    return config;
  }

  Catalog catalog() {
    return catalog;
  }

  Memory memory() {
    return memory;
  }

  ReplayedVersions versions() {
    return versions;
  }

  TxnBuffer<StoredValue> buffer() {
    return buffer;
  }

  @Nullable Storage storage() {
    return storage;
  }

  DroppedTables droppedTables() {
    return droppedTables;
  }

  Committer committer() {
    return committer;
  }

  /** {@return the tables of the cluster that this is a client of} */
  RemoteTables requireRemoteTables() {
    return Objects.requireNonNull(remoteTables);
  }

  TransactionOptions defaultOptions() {
    return TransactionOptions.of(config.isolation()).onConflict(config.onConflict());
  }

  /** {@return a transaction, whose memory goes back even if its user loses it} */
  StagedTransaction begin(TransactionOptions options) {
    StagedTransaction transaction =
        manager.begin(manager.nextTransactionId(), options, RunMode.BY_HAND);
    manager.watch(transaction);
    return transaction;
  }

  /** {@return the snapshot, whose memory goes back even if its user loses it} */
  OpenSnapshot watched(OpenSnapshot snapshot) {
    manager.watch(snapshot);
    return snapshot;
  }

  TransactionManager manager() {
    return manager;
  }

  Watches watches() {
    return watches;
  }

  StoreStatistics statistics(long retries) {
    return manager.statistics(retries, compactionCounts.statistics());
  }

  void compact() {
    compactor.runToEnd();
  }

  /** Frees the history that nobody can see. */
  synchronized void collect() {
    droppedTables.purge();
    buffer.collect();
  }

  /** Ends it; once. */
  void close() {
    buffer.wakeAll();
    manager.reports().listeners().close();
    watches.close();
    release();
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
    } catch (IOException | UncheckedIOException e) { // unchecked: of a node's disk
      throw new StorageException("the storage cannot be closed: " + e.getMessage(), e);
    } finally {
      buffer.clear();
      memory.close();
    }
  }
}
