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
  private final RunMode mode;
  private final ViewState state;
  private final StagedWrites staged = new StagedWrites();
  private final Reading reading;
  private final Writing writing;

  /** Null until a transaction uses any of it. */
  private @Nullable Composition composition;

  Transaction(
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
        new Reading(manager.buffer(), manager.memory(), state, options.level(), staged, mode);
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
    return within(() -> reading.names(use(table, TableSpec.Kind.BATCHES), range));
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
   * Merges into a row of a row table whatever it is when this transaction commits, and whether it
   * exists or not. Of several merges into one row each goes on from the one before, as it does from
   * a row that this transaction has written.
   *
   * <p>A merge conflicts with nothing: those of many transactions all count, in the order of their
   * commits. But who has read the row depends on what was read, this transaction too; above
   * READ_COMMITTED a merge then conflicts with what was committed since.
   *
   * @throws IllegalArgumentException if the merge does not suit the table
   * @throws MergeFailedException if it cannot be made, where that is known already; else {@link
   *     #commit} throws it
   * @throws UnsupportedOperationException if the store is one on several nodes
   */
  public void merge(Table table, Merge merge, Object... key) {
    manager.committer().checkMerges();
    within(() -> writing.merge(use(table, TableSpec.Kind.ROWS), table.key(key), merge));
  }

  /**
   * Writes a batch of a batch table under a name, in place of the one that has it. With APPEND it
   * is merged into that one instead, whatever it is when this transaction commits.
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
   * Gives up this run, undoes it, and has {@link Khonsu#transact} run the body again once something
   * that it has read, an item or a range, has been changed by another commit. The thread waits
   * without polling until then, the transaction's timeout passes ({@link
   * TransactionDeadlineException}), the thread is interrupted ({@link
   * TransactionInterruptedException}) or the store is closed ({@link StoreClosedException}).
   *
   * <p>In the first alternative of {@link #orElse}, the second takes its place instead. Below
   * SERIALIZABLE the first retry() runs the body once more, to note all that it reads.
   *
   * @return never; for {@code throw tx.retry()} where a value is due, or {@code
   *     orElseThrow(tx::retry)}
   * @throws RetryImpossibleException if nobody runs the body again; if the transaction has read
   *     nothing, so that it would wait for ever, {@code transact} throws it
   */
  @CanIgnoreReturnValue
  public RetrySignal retry() {
    throw within(() -> composition().retry(mode));
  }

  /** Calls {@link #retry} unless the condition holds. */
  public void retryUnless(boolean condition) {
    if (!condition) {
      retry();
    }
  }

  /**
   * Runs the first alternative, or if that calls {@link #retry}, undoes its writes and runs the
   * second. What the first one has read counts as read. If the second calls retry() too, the
   * transaction waits for a change of what either has read. Each is a block as {@link #nested}
   * describes.
   *
   * @return the result of the alternative that was not undone
   * @throws E what an alternative throws; its writes are undone, the other is not run
   */
  public <R extends @Nullable Object, E extends Exception> R orElse(
      TransactionBody<R, E> first, TransactionBody<R, E> second) throws E {
    Objects.requireNonNull(first, "first");
    Objects.requireNonNull(second, "second");
    Composition alternatives = composition();
    alternatives.beginAlternative();
    try {
      return nested(first);
    } catch (RetrySignal signal) {
      if (!alternatives.handles(signal)) {
        throw signal;
      }
    } finally {
      alternatives.endAlternative();
    }
    return nested(second);
  }

  /** Runs one of two alternatives without a result, as {@link #orElse}. */
  public <E extends Exception> void runOrElse(
      TransactionAction<E> first, TransactionAction<E> second) throws E {
    Objects.requireNonNull(first, "first");
    Objects.requireNonNull(second, "second");
    var _ = orElse(first.asBody(), second.asBody());
  }

  /**
   * Runs a block of this transaction that has its effect whole or not at all: what it wrote is
   * undone if it throws, and the transaction may go on. Nothing is visible to others before the
   * transaction commits. What was read stays read. Blocks may be nested, up to {@value
   * Composition#NESTING_MAX} deep.
   *
   * @param block given this transaction, which it must not commit
   * @throws E what the block throws
   * @throws NestingTooDeepException if there are too many blocks inside each other
   */
  public <R extends @Nullable Object, E extends Exception> R nested(TransactionBody<R, E> block)
      throws E {
    Objects.requireNonNull(block, "block");
    Composition.Block begun = composition().begin();
    R result;
    try {
      result = block.run(this);
      rethrowRetry();
    } catch (Exception | Error e) {
      composition().undo(begun, e);
      throw e;
    }
    composition().end(begun);
    return result;
  }

  /** Runs a block without a result, as {@link #nested}. */
  public <E extends Exception> void runNested(TransactionAction<E> block) throws E {
    Objects.requireNonNull(block, "block");
    Composition.Block begun = composition().begin();
    try { // not by way of nested(): the stack is to hold many blocks
      block.run(this);
      rethrowRetry();
    } catch (Exception | Error e) {
      composition().undo(begun, e);
      throw e;
    }
    composition().end(begun);
  }

  /** {@return a state of the writes and hooks, for {@link #rollbackTo}} */
  public Savepoint savepoint() {
    return within(() -> composition().savepoint());
  }

  /**
   * Undoes all writes made after a savepoint. What was read since stays read. Drops the hooks added
   * since; of these the onRollback ones are run now.
   *
   * @throws IllegalArgumentException if the savepoint is not valid any more, is one of another
   *     transaction, or was made outside the block that this is called in
   */
  public void rollbackTo(Savepoint savepoint) {
    Objects.requireNonNull(savepoint, "savepoint");
    composition().runUndone(within(() -> composition().rollbackTo(savepoint)));
  }

  /**
   * Has something done once, after this transaction was committed and is durable and visible. Runs
   * on the thread that commits, in the order in which they were added, outside of all locks. Of a
   * transaction that is run again, each run has its own hooks. If one throws, the others run, and
   * {@link HookFailedException} says so. If the outcome of the commit is unknown, none runs.
   */
  public void onCommit(Runnable hook) {
    Objects.requireNonNull(hook, "hook");
    within(() -> composition().hooks().addOnCommit(hook));
  }

  /**
   * Has something done once, after what was done since the last savepoint, block or begin was
   * undone: this run of the transaction has collided, called {@link #retry}, thrown or been rolled
   * back, or the part of it that contains this call has. Otherwise as {@link #onCommit}, the last
   * added first.
   */
  public void onRollback(Runnable hook) {
    Objects.requireNonNull(hook, "hook");
    within(() -> composition().hooks().addOnRollback(hook));
  }

  /**
   * Makes the writes durable, as far as the storage promises, and visible, all at once; ends the
   * transaction, also when it fails. After a call of {@link #retry} it goes on with that instead.
   *
   * @throws TransactionConflictException if it collided with others; nothing has changed
   * @throws StorageRejectedException if the storage refused it; nothing has changed
   * @throws CommitOutcomeUnknownException if the storage failed; it may have been committed
   * @throws StorageException if what a filter or merge needs cannot be read back; nothing has
   *     changed
   * @throws UnavailableException if the writes do not fit the memory limit; nothing has changed:
   *     run the transaction again when there is room
   * @throws LimitExceededException if APPEND would make too large a batch; nothing has changed
   * @throws MergeFailedException if a row cannot be merged; nothing has changed
   * @throws TableDroppedException if a table was dropped meanwhile; nothing has changed
   * @throws HookFailedException if a hook threw; it tells whether the transaction was committed
   * @throws IllegalStateException inside a nested block, which cannot commit the whole; it goes on
   */
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

  /**
   * Undoes all writes and ends the transaction. Does nothing if it has ended.
   *
   * @throws ConcurrentUseException if another thread is inside a method; it goes on then
   * @throws HookFailedException if a hook threw
   */
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

  /** As {@link #rollback}. */
  @Override
  public void close() {
    rollback();
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
    return reading.notesAll() ? within(() -> manager.park(state, reading.reads())) : null;
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
