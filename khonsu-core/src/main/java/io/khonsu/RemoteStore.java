package io.khonsu;

import io.khonsu.spi.ClientNetwork;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** A store on other machines. Thread-safe. */
final class RemoteStore implements Store {
  private final Engine engine;
  private final TransactionManager manager;
  private final RemoteTables tables;
  private final Retrying retrying;

  private RemoteStore(StoreConfig config, @Nullable BufferAllocator allocator, RemoteLink link) {
    this.engine =
        new Engine(config, null, allocator, InstantSource.system(), new RemoteOrder(link));
    this.manager = engine.manager();
    this.tables = engine.requireRemoteTables();
    this.retrying = new Retrying(manager);
  }

  static Store connect(String address, StoreConfig config, @Nullable BufferAllocator allocator) {
    RemoteAddress to = RemoteAddress.parse(address);
    RemoteLink link;
    try {
      link =
          new RemoteLink(
              ClientNetwork.onClassPath().open(to.nodes(), to.settings()),
              to.nodes().size(),
              to.patience());
    } catch (StorageRefusedException e) {
      throw new OpenRefusedException(e);
    } catch (IOException e) {
      throw new StorageException("cannot connect: " + e.getMessage(), e);
    }
    RemoteStore store = new RemoteStore(config, allocator, link);
    try {
      store.tables.refresh();
      return store;
    } catch (RuntimeException | Error e) {
      store.close();
      throw e;
    }
  }

  @Override
  public Table createTable(TableSpec spec) {
    tables.refresh();
    return engine.createTable(spec);
  }

  @Override
  public Optional<Table> table(String name) {
    manager.views().checkOpen();
    tables.refresh();
    return engine.catalog().find(name);
  }

  @Override
  public List<Table> tables() {
    manager.views().checkOpen();
    tables.refresh();
    return engine.catalog().all();
  }

  @Override
  public void dropTable(Table table) {
    engine.dropTable(table);
  }

  @Override
  public Transaction begin() {
    return begin(engine.defaultOptions());
  }

  @Override
  public Transaction begin(TransactionOptions options) {
    return engine.begin(options);
  }

  @Override
  public <R extends @Nullable Object, E extends Exception> R transact(TransactionBody<R, E> body)
      throws E {
    return transact(engine.defaultOptions(), body);
  }

  @Override
  public <R extends @Nullable Object, E extends Exception> R transact(
      TransactionOptions options, TransactionBody<R, E> body) throws E {
    return retrying.run(options, body);
  }

  @Override
  public Snapshot snapshot() {
    return engine.watched(manager.snapshot());
  }

  @Override
  public Snapshot localSnapshot() {
    return engine.watched(manager.localSnapshot());
  }

  @Override
  public Snapshot snapshotAt(long version) {
    return engine.watched(manager.snapshotAt(version));
  }

  @Override
  public Snapshot snapshotAt(Instant instant) {
    return snapshotAt(Math.min(HybridClock.lastOf(instant), newestVersion()));
  }

  @Override
  public long newestVersion() {
    return manager.origin().newestVersion();
  }

  @Override
  public long oldestVersion() {
    return manager.origin().oldestVersion();
  }

  @Override
  public void close() {
    if (manager.views().close()) {
      engine.close();
    }
  }
}
