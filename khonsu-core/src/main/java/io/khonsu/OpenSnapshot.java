package io.khonsu;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** A snapshot that is open. */
final class OpenSnapshot implements Snapshot {
  private final TransactionManager manager;
  private final ViewState state;
  private final Reading reading;

  OpenSnapshot(TransactionManager manager, ViewState state) {
    this.manager = manager;
    this.state = state;
    this.reading = Reading.readOnly(manager.items(state), manager.memory(), state);
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
