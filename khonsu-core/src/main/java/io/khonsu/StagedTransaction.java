package io.khonsu;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.ConflictStrategy;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.jspecify.annotations.Nullable;

/**
 * A transaction that stages its writes, and hands them in with what it has read when it commits.
 */
final class StagedTransaction implements Transaction {
  private final TransactionManager manager;
  private final long id;
  private final TransactionOptions options;
  private final RunMode mode;
  private final ViewState state;
  private final StagedWrites staged = new StagedWrites();
  private final Reading reading;
  private final Writing writing;

  /** Null until a transaction uses any of it. */
  private @Nullable Composition composition;

  StagedTransaction(
      TransactionManager manager,
      long id,
      TransactionOptions options,
      RunMode mode,
      ViewState state) {
    this.manager = manager;
    this.id = id;
    this.options = options;
    this.mode = mode;
    this.state = state;
    this.reading =
        new Reading(manager.items(state), manager.memory(), state, options.level(), staged, mode);
    this.writing = new Writing(manager.config(), staged, reading);
  }

  @Override
  public long id() {
    return id;
  }

  @Override
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
    return within(() -> reading.names(use(table, TableSpec.Kind.BATCHES), range));
  }

  @Override
  public void upsert(Table table, Row row, ConflictStrategy onConflict) {
    put(table, row, WriteMode.UPSERT, onConflict);
  }

  @Override
  public void upsert(Table table, VectorSchemaRoot rows, ConflictStrategy onConflict) {
    put(table, rows, null, WriteMode.UPSERT, onConflict);
  }

  @Override
  public void upsert(Table table, VectorSchemaRoot rows, DictionaryProvider dictionaries) {
    put(table, rows, dictionaries, WriteMode.UPSERT, options.onConflict());
  }

  @Override
  public void insert(Table table, Row row) {
    put(table, row, WriteMode.INSERT, options.onConflict());
  }

  @Override
  public void insert(Table table, VectorSchemaRoot rows) {
    put(table, rows, null, WriteMode.INSERT, options.onConflict());
  }

  @Override
  public void update(Table table, Row row) {
    put(table, row, WriteMode.UPDATE, options.onConflict());
  }

  @Override
  public void update(Table table, VectorSchemaRoot rows) {
    put(table, rows, null, WriteMode.UPDATE, options.onConflict());
  }

  @Override
  public void merge(Table table, Merge merge, Object... key) {
    manager.committer().checkMerges();
    within(() -> writing.merge(use(table, TableSpec.Kind.ROWS), table.key(key), merge));
  }

  @Override
  public void write(Table table, String name, VectorSchemaRoot rows, ConflictStrategy onConflict) {
    within(() ->
        writing.putBatch(use(table, TableSpec.Kind.BATCHES), table.key(name), rows, onConflict));
  }

  @Override
  public void delete(Table table, Object... key) {
    within(() -> writing.delete(use(table), List.of(table.key(key)), options.onConflict()));
  }

  @Override
  public void deleteAll(Table table, List<?> keys, ConflictStrategy onConflict) {
    within(() -> writing.delete(use(table), TransactionManager.keys(table, keys), onConflict));
  }

  @Override
  @CanIgnoreReturnValue
  public RetrySignal retry() {
    throw within(() -> composition().retry(mode));
  }

  @Override
  public <R extends @Nullable Object, E extends Exception> R orElse(
      TransactionBody<R, E> first, TransactionBody<R, E> second) throws E {
    Objects.requireNonNull(first, "first");
    Objects.requireNonNull(second, "second");
    return composition().orElse(first, second);
  }

  @Override
  public <R extends @Nullable Object, E extends Exception> R nested(TransactionBody<R, E> block)
      throws E {
    Objects.requireNonNull(block, "block");
    return composition().nested(block);
  }

  @Override
  public <E extends Exception> void runNested(TransactionAction<E> block) throws E {
    Objects.requireNonNull(block, "block");
    composition().runNested(block);
  }

  @Override
  public Savepoint savepoint() {
    return within(() -> composition().savepoint());
  }

  @Override
  public void rollbackTo(Savepoint savepoint) {
    Objects.requireNonNull(savepoint, "savepoint");
    composition().runUndone(within(() -> composition().rollbackTo(savepoint)));
  }

  @Override
  public void onCommit(Runnable hook) {
    Objects.requireNonNull(hook, "hook");
    within(() -> composition().hooks().addOnCommit(hook));
  }

  @Override
  public void onRollback(Runnable hook) {
    Objects.requireNonNull(hook, "hook");
    within(() -> composition().hooks().addOnRollback(hook));
  }

  @Override
  public CommitReceipt commit() {
    rethrowRetry();
    state.enter();
    if (composition != null && composition.isInsideBlock()) {
      state.leave();
      throw new IllegalStateException("a nested block cannot commit the transaction: return");
    }
    makeRoom();
    CommitReceipt receipt;
    try {
      receipt = commitAndEnd();
    } catch (RuntimeException e) {
      if (composition != null) {
        leaveGate();
        composition.runRolledBack(e);
      }
      throw e;
    }
    if (composition != null) {
      leaveGate();
      composition.runCommitted(receipt);
    }
    return receipt;
  }

  private void makeRoom() {
    try {
      long size = staged.sizeBytes();
      if (!manager.memory().makeRoomNow(size, state::usesNothing) && mayWaitForRoom(size)) {
        manager.memory().makeRoom(size, state::usesNothing);
      }
    } catch (RuntimeException | Error e) {
      state.leave(); // it goes on
      throw e;
    }
  }

  /** Not for what the heap holds, nor where others wait for this, from inside their views. */
  private boolean mayWaitForRoom(long sizeBytes) {
    return sizeBytes > FrozenBatch.HEAP_BYTES_MAX && !manager.buffer().isGateOf(id);
  }

  private CommitReceipt commitAndEnd() {
    Hooks.Fate fate = Hooks.Fate.UNKNOWN;
    try {
      CommitReceipt receipt = manager.commit(this, state, staged, reading);
      fate = Hooks.Fate.COMMITTED;
      return receipt;
    } catch (CommitOutcomeUnknownException e) {
      throw e;
    } catch (RuntimeException e) {
      fate = Hooks.Fate.ROLLED_BACK;
      throw e;
    } finally {
      var _ = settle(fate);
      state.end();
      manager.ended();
    }
  }

  /** Ends the transaction; {@return the request to commit what it has read and staged} */
  byte[] intoRequest(ReplicatedCommitter committer) {
    state.enter();
    try {
      return committer.encode(TransactionManager.request(this, state, staged, reading), staged);
    } finally {
      state.end();
      manager.ended();
    }
  }

  @Override
  public void rollback() {
    boolean isOpen = state.enterUnlessEnded();
    boolean runsHooks = settle(Hooks.Fate.ROLLED_BACK); // also if the store was closed first
    if (isOpen) {
      state.end();
      manager.rolledBack();
    }
    if (runsHooks && composition != null) {
      leaveGate();
      composition.runRolledBack(null);
    }
  }

  /** Decides which hooks will run; {@return whether this thread is to run them} */
  private boolean settle(Hooks.Fate fate) {
    return composition != null && composition.hooks().settle(fate);
  }

  /** Hooks may run transactions, which must not wait for this one. */
  private void leaveGate() {
    if (mode != RunMode.BY_HAND) {
      manager.buffer().leaveGate(id);
    }
  }

  ViewState state() {
    return state;
  }

  /** Goes on with a call of {@code retry()} whose signal did not arrive. */
  void rethrowRetry() {
    if (composition != null) {
      composition.rethrowRetry();
    }
  }

  /** {@return whether a signal is of this transaction, in whichever run} */
  boolean hasSent(RetrySignal signal) {
    return signal.isOf(manager, id);
  }

  /** {@return what to throw for a call of {@code retry()}} */
  RetrySignal signal() {
    return new RetrySignal(manager, id);
  }

  /** {@return where to wait for a change, owned by the caller; null if this run did not note it} */
  @Nullable Parking park() {
    return reading.notesAll()
        ? within(() -> manager.park(state, reading.reads(), options.level()))
        : null;
  }

  private Composition composition() {
    if (composition == null) {
      composition = new Composition(this, staged);
    }
    return composition;
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

  private void within(Runnable operation) {
    state.enter();
    try {
      operation.run();
    } finally {
      state.leave();
    }
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
