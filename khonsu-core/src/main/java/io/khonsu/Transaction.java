package io.khonsu;

import io.khonsu.mvcc.ConflictStrategy;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.jspecify.annotations.Nullable;

/**
 * A unit of reading and writing that is committed whole or not at all.
 *
 * <p>Writes are private until {@link #commit}; reads see them. Every method that fails leaves the
 * transaction as it was, so that it may go on. Has one owner at a time: it may move between
 * threads, but two of them inside it at once get {@link ConcurrentUseException}.
 *
 * <p>Writing methods throw what {@link ReadView} says, and besides: {@link
 * IllegalArgumentException} if the table is of the wrong kind or a value does not suit its column,
 * {@link InvalidBatchException} if a batch is not a valid one of the table's schema, {@link
 * NullKeyException} if a key column, or a batch table's row key, is null, {@link
 * LimitExceededException} if a key, a row or the whole transaction is too large, {@link
 * SnapshotTooOldException} if the transaction is older than {@link StoreConfig#transactionAgeMax}.
 */
public final class Transaction implements ReadView, AutoCloseable {
  private final TransactionManager manager;
  private final long id;
  private final TransactionOptions options;
  private final ViewState state;
  private final StagedWrites staged = new StagedWrites();
  private final Reading reading;
  private final Writing writing;

  Transaction(TransactionManager manager, long id, TransactionOptions options, ViewState state) {
    this.manager = manager;
    this.id = id;
    this.options = options;
    this.state = state;
    this.reading = new Reading(manager.buffer(), manager.memory(), state, options.level(), staged);
    this.writing = new Writing(manager.config(), staged, reading);
  }

  /** {@return the number of this transaction, unique in its store as long as that is open} */
  public long id() {
    return id;
  }

  /** {@return how it behaves} */
  public TransactionOptions options() {
    return options;
  }

  @Override
  public long version() {
    return state.snapshot().version();
  }

  @Override
  public Optional<Row> get(Table table, Object... key) {
    return within(() -> reading.get(use(table, TableSpec.Kind.ROWS), table.key(key)));
  }

  @Override
  public RecordBatch getAll(Table table, List<?> keys) {
    return within(() ->
        reading.getAll(use(table, TableSpec.Kind.ROWS), TransactionManager.keys(table, keys)));
  }

  @Override
  public boolean contains(Table table, Object... key) {
    return within(() -> reading.contains(use(table).key(key)));
  }

  @Override
  public ScanResult scan(Table table, Scan scan) {
    return within(() -> reading.scan(use(table, TableSpec.Kind.ROWS), scan));
  }

  @Override
  public Optional<RecordBatch> read(Table table, String name) {
    return within(() -> reading.readBatch(use(table, TableSpec.Kind.BATCHES), table.key(name)));
  }

  @Override
  public List<String> names(Table table, KeyRange range) {
    return within(() -> manager.names(reading, use(table, TableSpec.Kind.BATCHES), range));
  }

  /** Writes a row of a row table, whether it exists or not. */
  public void upsert(Table table, Row row) {
    put(table, row, WriteMode.UPSERT, options.onConflict());
  }

  /** Writes a row as {@link #upsert(Table, Row)}, with a strategy of its own. */
  public void upsert(Table table, Row row, ConflictStrategy onConflict) {
    put(table, row, WriteMode.UPSERT, onConflict);
  }

  /**
   * Writes rows of a row table, whether they exist or not.
   *
   * @param rows borrowed; copied before this returns
   * @throws DuplicateKeyException if two of them have one key
   */
  public void upsert(Table table, VectorSchemaRoot rows) {
    put(table, rows, null, WriteMode.UPSERT, options.onConflict());
  }

  /** Writes rows as {@link #upsert(Table, VectorSchemaRoot)}, with a strategy of their own. */
  public void upsert(Table table, VectorSchemaRoot rows, ConflictStrategy onConflict) {
    put(table, rows, null, WriteMode.UPSERT, onConflict);
  }

  /**
   * Writes rows as {@link #upsert(Table, VectorSchemaRoot)}, decoding columns that are
   * dictionary-encoded.
   *
   * @param dictionaries borrowed
   */
  public void upsert(Table table, VectorSchemaRoot rows, DictionaryProvider dictionaries) {
    put(table, rows, dictionaries, WriteMode.UPSERT, options.onConflict());
  }

  /**
   * Writes a row that must not exist yet.
   *
   * @throws DuplicateKeyException if it exists
   */
  public void insert(Table table, Row row) {
    put(table, row, WriteMode.INSERT, options.onConflict());
  }

  /**
   * Writes rows that must not exist yet.
   *
   * @param rows borrowed; copied before this returns
   * @throws DuplicateKeyException if one exists, or two of them have one key
   */
  public void insert(Table table, VectorSchemaRoot rows) {
    put(table, rows, null, WriteMode.INSERT, options.onConflict());
  }

  /**
   * Writes a row that must exist.
   *
   * @throws MissingKeyException if it does not
   */
  public void update(Table table, Row row) {
    put(table, row, WriteMode.UPDATE, options.onConflict());
  }

  /**
   * Writes rows that must exist.
   *
   * @param rows borrowed; copied before this returns
   * @throws MissingKeyException if one does not
   * @throws DuplicateKeyException if two of them have one key
   */
  public void update(Table table, VectorSchemaRoot rows) {
    put(table, rows, null, WriteMode.UPDATE, options.onConflict());
  }

  /**
   * Writes a batch of a batch table under a name, in place of the one that has it. A strategy,
   * APPEND too, is for a conflict: without one the batch takes the other's place.
   *
   * @param rows borrowed; copied before this returns
   */
  public void write(Table table, String name, VectorSchemaRoot rows) {
    write(table, name, rows, options.onConflict());
  }

  /** Writes a batch as {@link #write(Table, String, VectorSchemaRoot)}, with its own strategy. */
  public void write(Table table, String name, VectorSchemaRoot rows, ConflictStrategy onConflict) {
    within(() ->
        writing.putBatch(use(table, TableSpec.Kind.BATCHES), table.key(name), rows, onConflict));
  }

  /** Deletes a row by its key, or a batch by its name; if there is none, nothing happens. */
  public void delete(Table table, Object... key) {
    within(() -> writing.delete(use(table), List.of(table.key(key)), options.onConflict()));
  }

  /**
   * Deletes items as {@link #delete(Table, Object...)}: all of them or, if this fails, none.
   *
   * @param keys as of {@link #getAll}; of a batch table, names
   */
  public void deleteAll(Table table, List<?> keys) {
    deleteAll(table, keys, options.onConflict());
  }

  /** Deletes items as {@link #deleteAll(Table, List)}, with a strategy of their own. */
  public void deleteAll(Table table, List<?> keys, ConflictStrategy onConflict) {
    within(() -> writing.delete(use(table), TransactionManager.keys(table, keys), onConflict));
  }

  /**
   * Makes the writes durable, as far as the storage promises, and visible, all at once; ends the
   * transaction, also when it fails.
   *
   * @throws TransactionConflictException if it collided with others; nothing has changed
   * @throws StorageRejectedException if the storage refused it; nothing has changed
   * @throws CommitOutcomeUnknownException if the storage failed; it may have been committed
   * @throws UnavailableException if the writes do not fit the memory limit; nothing has changed:
   *     run the transaction again when there is room
   * @throws LimitExceededException if APPEND would make too large a batch; nothing has changed
   * @throws TableDroppedException if a table was dropped meanwhile; nothing has changed
   */
  public CommitReceipt commit() {
    state.enter();
    try {
      return manager.commit(this, state, staged, reading.reads());
    } finally {
      state.end();
      manager.ended();
    }
  }

  /**
   * Undoes all writes and ends the transaction. Does nothing if it has ended.
   *
   * @throws ConcurrentUseException if another thread is inside a method; it goes on then
   */
  public void rollback() {
    if (state.enterUnlessEnded()) {
      state.end();
      manager.rolledBack();
    }
  }

  /** As {@link #rollback}. */
  @Override
  public void close() {
    rollback();
  }

  ViewState state() {
    return state;
  }

  /** {@return whether its user has ended it} The store being closed does not count. */
  boolean hasEnded() {
    return state.isEnded();
  }

  private void put(Table table, Row row, WriteMode mode, ConflictStrategy onConflict) {
    within(() -> writing.putRow(use(table, TableSpec.Kind.ROWS), row, mode, onConflict));
  }

  private void put(
      Table table,
      VectorSchemaRoot rows,
      @Nullable DictionaryProvider dictionaries,
      WriteMode mode,
      ConflictStrategy onConflict) {
    within(() ->
        writing.putRows(use(table, TableSpec.Kind.ROWS), rows, dictionaries, mode, onConflict));
  }

  private Table use(Table table, TableSpec.Kind kind) {
    return use(manager.check(table, kind));
  }

  /** A table used must still be there at commit, whatever the level. */
  private Table use(Table table) {
    manager.check(table);
    manager.checkAge(state);
    reading.reads().addGuard(table.catalogKey());
    return table;
  }

  @SuppressWarnings("CanIgnoreReturnValueSuggester") // only readers want the result
  private <T> T within(Supplier<T> operation) {
    return state.during(operation);
  }

  @Override
  public String toString() {
    return "Transaction[%d, %s, at version %d]".formatted(id, options.level(), version());
  }
}
