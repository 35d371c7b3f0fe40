package io.khonsu;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A store of Arrow tables with ACID transactions, wherever it is: what every store can do.
 * Thread-safe; close it.
 *
 * <p>{@link Khonsu} is one in this process; {@link Khonsu#connect} reaches one elsewhere. Each
 * method of the latter, and of its transactions and snapshots, throws {@link UnavailableException}
 * if no node answers in time; nothing has changed then.
 */
public sealed interface Store extends AutoCloseable permits EngineStore {
  /**
   * Creates a table.
   *
   * @return its handle
   * @throws TableExistsException if there is one of that name
   * @throws UnsupportedColumnException if a column cannot be stored
   * @throws IllegalArgumentException if a key column is unknown, named twice or of a type that keys
   *     cannot have, or if no key can be as small as {@link StoreConfig#keySizeMaxBytes}
   */
  Table createTable(TableSpec spec);

  /**
   * {@return the table of a name} On a node of a cluster it is found once this node has applied its
   * creation; one that was created through another node is there for certain after {@link
   * #snapshot()}, which is linearizable.
   */
  Optional<Table> table(String name);

  /** {@return all tables, in the order of their names} */
  List<Table> tables();

  /**
   * Drops a table with all that is in it. Transactions that use it fail from here on, those
   * included that meet it while the storage still considers; its memory is freed when those have
   * ended that were open at this time.
   *
   * @throws TableDroppedException if it was dropped before
   */
  void dropTable(Table table);

  /** {@return a new transaction with default options, which the caller must close} */
  Transaction begin();

  /**
   * {@return a new transaction, which the caller must close}
   *
   * <p>One that is lost unclosed is ended by the garbage collector at a time of its choosing, also
   * while a batch that it returned is still being read.
   */
  Transaction begin(TransactionOptions options);

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
  <R extends @Nullable Object, E extends Exception> R transact(TransactionBody<R, E> body) throws E;

  /** Runs a transaction as {@link #transact(TransactionBody)}, with options of its own. */
  <R extends @Nullable Object, E extends Exception> R transact(
      TransactionOptions options, TransactionBody<R, E> body) throws E;

  /** Runs a transaction without a result as {@link #transact(TransactionBody)}. */
  default <E extends Exception> void run(TransactionAction<E> action) throws E {
    var _ = transact(action.asBody());
  }

  /** Runs a transaction without a result, with options of its own. */
  default <E extends Exception> void run(TransactionOptions options, TransactionAction<E> action)
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
  Snapshot snapshot();

  /**
   * {@return a snapshot of all that was committed until some time ago, or newer, which the caller
   * must close} In a cluster a node which knows that it is not further behind answers at once;
   * otherwise it asks the others, as {@link #snapshot} does. What the calling thread was told of
   * before counts like everything else: it may be missing. A client of a cluster never goes back
   * behind what it has seen. Where there is but one node it is {@link #snapshot}.
   *
   * @param maxStaleness how long ago, by the clock of the node that answers
   * @throws IllegalArgumentException if it is negative
   * @throws UnavailableException if the others had to be asked, and do not answer
   */
  Snapshot snapshot(Duration maxStaleness);

  /**
   * {@return a snapshot of the newest commit that this node knows of, which the caller must close}
   * In a cluster others may know newer ones, and {@link #snapshot} asks them; this does not. It is
   * a consistent state all the same. Where there is but one node it is {@link #snapshot}.
   */
  Snapshot localSnapshot();

  /**
   * {@return a snapshot of the past, which the caller must close}
   *
   * @param version a commit version, or any other: the commits up to it are seen
   * @throws SnapshotTooOldException if it is older than the retention allows
   * @throws IllegalArgumentException if it is newer than the newest commit
   */
  Snapshot snapshotAt(long version);

  /**
   * {@return a snapshot of an instant, which the caller must close: of the commits up to and
   * including its millisecond}
   *
   * @throws SnapshotTooOldException if it is older than the retention allows
   */
  Snapshot snapshotAt(Instant instant);

  /** {@return what {@code body} reads in a {@link #snapshot} of the newest commit} */
  default <R extends @Nullable Object, E extends Exception> R readOnly(SnapshotBody<R, E> body)
      throws E {
    try (Snapshot snapshot = snapshot()) {
      return body.run(snapshot);
    }
  }

  /**
   * {@return what became of a commit that was reported as unknown} That is final: what was not
   * applied by then never will be.
   *
   * <p>A cluster is asked, by any of its stores, also by another one than that which has committed.
   * It remembers until that one has asked and goes on, has had 4096 further commits, or was idle
   * for {@code sessionAge}: then it is {@link CommitStatus.Forgotten}. A store that is no part of a
   * cluster has no such commits: what it does not know, it knows when it is opened again.
   *
   * @param commitId of {@link CommitOutcomeUnknownException#commitId}
   * @throws IllegalArgumentException if the store is no part of a cluster, so that no commit of it
   *     has an id
   */
  CommitStatus outcome(long commitId);

  /** {@return the version of the newest commit that can be seen} */
  long newestVersion();

  /** {@return the oldest version that {@link #snapshotAt(long)} takes now} */
  long oldestVersion();

  /**
   * Ends what is open, waits for commits under way, and releases everything. Closing twice does
   * nothing.
   *
   * @throws IllegalStateException if retained batches are still open: they stay readable, and their
   *     memory goes back when they are closed
   * @throws StorageException if the storage cannot be closed
   */
  @Override
  void close();
}
