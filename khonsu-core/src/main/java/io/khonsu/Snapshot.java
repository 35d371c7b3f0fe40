package io.khonsu;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A read-only view of one prefix of the commit order: it never aborts, never waits and keeps nobody
 * waiting. Open, it keeps the history that it sees; close it. Not for several threads at once.
 */
public final class Snapshot implements ReadView, AutoCloseable {
  private final TransactionManager manager;
  private final ViewState state;
  private final Reading reading;

  Snapshot(TransactionManager manager, ViewState state) {
    this.manager = manager;
    this.state = state;
    this.reading = Reading.readOnly(manager.buffer(), manager.memory(), state);
  }

  @Override
  public long version() {
    return state.snapshot().version();
  }

  @Override
  public Optional<Row> get(Table table, Object... key) {
    return within(() -> reading.get(manager.check(table, TableSpec.Kind.ROWS), table.key(key)));
  }

  @Override
  public RecordBatch getAll(Table table, List<?> keys) {
    return within(() ->
        reading.getAll(
            manager.check(table, TableSpec.Kind.ROWS), TransactionManager.keys(table, keys)));
  }

  @Override
  public boolean contains(Table table, Object... key) {
    return within(() -> reading.contains(manager.check(table).key(key)));
  }

  @Override
  public ScanResult scan(Table table, Scan scan) {
    return within(() -> reading.scan(manager.check(table, TableSpec.Kind.ROWS), scan));
  }

  @Override
  public Optional<RecordBatch> read(Table table, String name) {
    return within(
        () -> reading.readBatch(manager.check(table, TableSpec.Kind.BATCHES), table.key(name)));
  }

  @Override
  public List<String> names(Table table, KeyRange range) {
    return within(() -> reading.names(manager.check(table, TableSpec.Kind.BATCHES), range));
  }

  /**
   * Ends this view and releases what it returned. Closing twice does nothing.
   *
   * @throws ConcurrentUseException if another thread is inside a method; it stays open then
   */
  @Override
  public void close() {
    if (state.enterUnlessEnded()) {
      state.end();
      manager.ended();
    }
  }

  @Override
  public String toString() {
    return "Snapshot[at version %d]".formatted(version());
  }

  ViewState state() {
    return state;
  }

  private <T> T within(Supplier<T> operation) {
    return state.during(operation);
  }
}
