package io.khonsu;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.khonsu.mvcc.ConflictStrategy;
import java.util.List;
import java.util.Objects;
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
public sealed interface Transaction extends ReadView, AutoCloseable permits StagedTransaction {
  /** {@return the number of this transaction, unique in its store as long as that is open} */
  long id();

  /** {@return how it behaves} */
  TransactionOptions options();

  /** Writes a row of a row table, whether it exists or not. */
  default void upsert(Table table, Row row) {
    upsert(table, row, options().onConflict());
  }

  /** Writes a row as {@link #upsert(Table, Row)}, with a strategy of its own. */
  void upsert(Table table, Row row, ConflictStrategy onConflict);

  /**
   * Writes rows of a row table, whether they exist or not.
   *
   * @param rows borrowed; copied before this returns
   * @throws DuplicateKeyException if two of them have one key
   */
  default void upsert(Table table, VectorSchemaRoot rows) {
    upsert(table, rows, options().onConflict());
  }

  /** Writes rows as {@link #upsert(Table, VectorSchemaRoot)}, with a strategy of their own. */
  void upsert(Table table, VectorSchemaRoot rows, ConflictStrategy onConflict);

  /**
   * Writes rows as {@link #upsert(Table, VectorSchemaRoot)}, decoding columns that are
   * dictionary-encoded.
   *
   * @param dictionaries borrowed
   */
  void upsert(Table table, VectorSchemaRoot rows, DictionaryProvider dictionaries);

  /**
   * Writes a row that must not exist yet.
   *
   * @throws DuplicateKeyException if it exists
   */
  void insert(Table table, Row row);

  /**
   * Writes rows that must not exist yet.
   *
   * @param rows borrowed; copied before this returns
   * @throws DuplicateKeyException if one exists, or two of them have one key
   */
  void insert(Table table, VectorSchemaRoot rows);

  /**
   * Writes a row that must exist.
   *
   * @throws MissingKeyException if it does not
   */
  void update(Table table, Row row);

  /**
   * Writes rows that must exist.
   *
   * @param rows borrowed; copied before this returns
   * @throws MissingKeyException if one does not
   * @throws DuplicateKeyException if two of them have one key
   */
  void update(Table table, VectorSchemaRoot rows);

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
  void merge(Table table, Merge merge, Object... key);

  /**
   * Writes a batch of a batch table under a name, in place of the one that has it. With APPEND it
   * is merged into that one instead, whatever it is when this transaction commits.
   *
   * @param rows borrowed; copied before this returns
   */
  default void write(Table table, String name, VectorSchemaRoot rows) {
    write(table, name, rows, options().onConflict());
  }

  /** Writes a batch as {@link #write(Table, String, VectorSchemaRoot)}, with its own strategy. */
  void write(Table table, String name, VectorSchemaRoot rows, ConflictStrategy onConflict);

  /** Deletes a row by its key, or a batch by its name; if there is none, nothing happens. */
  void delete(Table table, Object... key);

  /**
   * Deletes items as {@link #delete(Table, Object...)}: all of them or, if this fails, none.
   *
   * @param keys as of {@link #getAll}; of a batch table, names
   */
  default void deleteAll(Table table, List<?> keys) {
    deleteAll(table, keys, options().onConflict());
  }

  /** Deletes items as {@link #deleteAll(Table, List)}, with a strategy of their own. */
  void deleteAll(Table table, List<?> keys, ConflictStrategy onConflict);

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
  RetrySignal retry();

  /** Calls {@link #retry} unless the condition holds. */
  default void retryUnless(boolean condition) {
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
  <R extends @Nullable Object, E extends Exception> R orElse(
      TransactionBody<R, E> first, TransactionBody<R, E> second) throws E;

  /** Runs one of two alternatives without a result, as {@link #orElse}. */
  default <E extends Exception> void runOrElse(
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
  <R extends @Nullable Object, E extends Exception> R nested(TransactionBody<R, E> block) throws E;

  /** Runs a block without a result, as {@link #nested}. */
  <E extends Exception> void runNested(TransactionAction<E> block) throws E;

  /** {@return a state of the writes and hooks, for {@link #rollbackTo}} */
  Savepoint savepoint();

  /**
   * Undoes all writes made after a savepoint. What was read since stays read. Drops the hooks added
   * since; of these the onRollback ones are run now.
   *
   * @throws IllegalArgumentException if the savepoint is not valid any more, is one of another
   *     transaction, or was made outside the block that this is called in
   */
  void rollbackTo(Savepoint savepoint);

  /**
   * Has something done once, after this transaction was committed and is durable and visible. Runs
   * on the thread that commits, in the order in which they were added, outside of all locks. Of a
   * transaction that is run again, each run has its own hooks. If one throws, the others run, and
   * {@link HookFailedException} says so. If the outcome of the commit is unknown, none runs.
   */
  void onCommit(Runnable hook);

  /**
   * Has something done once, after what was done since the last savepoint, block or begin was
   * undone: this run of the transaction has collided, called {@link #retry}, thrown or been rolled
   * back, or the part of it that contains this call has. Otherwise as {@link #onCommit}, the last
   * added first.
   */
  void onRollback(Runnable hook);

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
  CommitReceipt commit();

  /**
   * Undoes all writes and ends the transaction. Does nothing if it has ended.
   *
   * @throws ConcurrentUseException if another thread is inside a method; it goes on then
   * @throws HookFailedException if a hook threw
   */
  void rollback();

  /** As {@link #rollback}. */
  @Override
  default void close() {
    rollback();
  }
}
