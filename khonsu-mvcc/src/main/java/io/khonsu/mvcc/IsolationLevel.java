package io.khonsu.mvcc;

/** How much of other transactions' work a transaction may notice, after Adya (1999). */
public enum IsolationLevel {
  /**
   * Every operation reads the newest committed state (PL-2); a write conflicts with any commit
   * since the transaction's start.
   */
  READ_COMMITTED,
  /** Reads the state at begin (PL-SI); the first committer of an item wins. */
  SNAPSHOT,
  /** {@link #SNAPSHOT}, and every item read is still unchanged at commit (PL-2.99). */
  REPEATABLE_READ,
  /**
   * Every item, range and predicate read is still unchanged at commit (PL-3): the order of commits
   * is a serial order, and it respects real time.
   */
  SERIALIZABLE;

  /** {@return whether every read of a transaction sees the state at its begin} */
  public boolean readsAtBegin() {
    return this != READ_COMMITTED;
  }

  /** {@return whether items read must be unchanged at commit} */
  public boolean validatesItems() {
    return this == REPEATABLE_READ || this == SERIALIZABLE;
  }
}
