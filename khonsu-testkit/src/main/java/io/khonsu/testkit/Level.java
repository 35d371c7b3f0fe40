package io.khonsu.testkit;

/** The isolation levels a store under test may offer, weakest first, named after Adya (1999). */
public enum Level {
  /**
   * Every operation reads the newest committed state (PL-2); a write of what another transaction
   * committed since the begin is refused.
   */
  READ_COMMITTED,
  /** Every operation reads the state at begin (PL-SI); of two concurrent writers the first wins. */
  SNAPSHOT,
  /** {@link #SNAPSHOT}, and every item that was read is still unchanged at commit (PL-2.99). */
  REPEATABLE_READ,
  /** Some serial order that respects real time explains every read (PL-3, strict). */
  SERIALIZABLE
}
