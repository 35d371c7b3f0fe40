package io.khonsu;

import io.khonsu.mvcc.CommitRequest;
import org.jspecify.annotations.Nullable;

/**
 * Decides commits in one order and makes them durable: alone, or together with other nodes.
 * Thread-safe.
 */
interface Committer extends AutoCloseable {
  /** Whether a transaction that failed too often can be let go first. */
  enum Fairness {
    /** While a transaction holds the buffer's gate, no other commits. */
    GATE,
    /** Others commit elsewhere: there is nothing to hold them up by. */
    NONE
  }

  /** {@return what says that nothing can be committed any more, after a failure; null if it can} */
  @Nullable StorageException stopped();

  /**
   * Refuses to go on after a failure.
   *
   * @throws StorageException if nothing can be committed any more
   */
  default void checkRunning() {
    StorageException stopped = stopped();
    if (stopped != null) {
      throw stopped;
    }
  }

  /**
   * Refuses a merge into a row where commits cannot carry it.
   *
   * @throws UnsupportedOperationException if they cannot
   */
  void checkMerges();

  /**
   * Commits what a transaction has read and staged; on return it is durable and visible.
   *
   * @param request what it read; its writes are those of {@code staged}, which are not frozen yet
   * @throws CommitOutcomeUnknownException if nobody knows whether it was committed
   */
  CommitDecision commit(CommitRequest<StoredValue> request, StagedWrites staged);

  /**
   * {@return what became of a commit whose outcome was not known}
   *
   * @throws IllegalArgumentException if commits have no ids here
   */
  CommitStatus outcome(long commitId);

  /** {@return a table newly made} The name is free, and the columns can be stored. */
  Table createTable(long transactionId, TableSpec spec);

  /** Drops a table that is there. */
  void dropTable(long transactionId, Table table);

  /**
   * Waits until whatever was committed anywhere before this call is visible here, or what was that
   * long before it.
   *
   * @param stalenessNanosMax how long, in nanoseconds, from 0
   * @throws UnavailableException if that cannot be known now
   */
  void awaitCurrent(long stalenessNanosMax);

  /** Waits until the commits up to a version are visible or withdrawn, or never will be. */
  void awaitHandledOrNever(long version);

  /** Waits for commits under way before a transaction that holds the gate looks. */
  void awaitPending();

  /** {@return whether the buffer's gate keeps others from committing} */
  Fairness fairness();

  /** Finishes the commits under way, and ends. Closing twice does nothing. */
  @Override
  void close();
}
