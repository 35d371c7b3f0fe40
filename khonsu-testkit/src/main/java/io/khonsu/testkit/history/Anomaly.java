package io.khonsu.testkit.history;

import java.util.List;

/**
 * Something in a history that some level forbids.
 *
 * @param explanation for people: the values, or the cycle with its edges
 * @param transactions those involved; of a cycle, in its order
 */
public record Anomaly(Kind kind, String explanation, List<HistoryTransaction> transactions) {

  public Anomaly {
    transactions = List.copyOf(transactions);
  }

  /** The kinds of anomalies, with the weakest level that forbids each. */
  public enum Kind {
    /** A value was read that nobody wrote. */
    GARBAGE_VALUE(Consistency.READ_COMMITTED),
    /** A value is in a list twice, or was written twice. */
    DUPLICATE_VALUE(Consistency.READ_COMMITTED),
    /**
     * Two reads of a list disagree on the order of its values: neither is a prefix of the other.
     */
    INCOMPATIBLE_ORDER(Consistency.READ_COMMITTED),
    /** The order of a list is not that of the versions at which its values were committed. */
    COMMIT_ORDER_MISMATCH(Consistency.READ_COMMITTED),
    /** A transaction's read disagrees with its own writes. */
    INTERNAL_INCONSISTENCY(Consistency.READ_COMMITTED),
    /** G0: a cycle of overwrites. */
    DIRTY_WRITE(Consistency.READ_COMMITTED),
    /** G1a: the value of a failed transaction was read. */
    ABORTED_READ(Consistency.READ_COMMITTED),
    /** G1b: a value was read that its writer itself overwrote. */
    INTERMEDIATE_READ(Consistency.READ_COMMITTED),
    /** G1c: a cycle of overwrites and reads. */
    CIRCULAR_INFORMATION_FLOW(Consistency.READ_COMMITTED),
    /** P4: two transactions read the same version of an item and both wrote the item. */
    LOST_UPDATE(Consistency.SNAPSHOT),
    /** G-single: a cycle with exactly one anti-dependency. */
    READ_SKEW(Consistency.SNAPSHOT),
    /** A cycle with several anti-dependencies, no two of them adjacent. */
    LONG_FORK(Consistency.SNAPSHOT),
    /** A read differs from the state at the snapshot version that the store reported. */
    SNAPSHOT_NOT_PREFIX(Consistency.SNAPSHOT),
    /** G2-item: a cycle with two adjacent anti-dependencies. */
    WRITE_SKEW(Consistency.REPEATABLE_READ),
    /** A cycle that only real time closes. */
    REAL_TIME_INVERSION(Consistency.STRICT_SERIALIZABLE),
    /** An acknowledged append that no read sees, not even those that began later. */
    LOST_APPEND(Consistency.STRICT_SERIALIZABLE);

    private final Consistency forbiddenFrom;

    Kind(Consistency forbiddenFrom) {
      this.forbiddenFrom = forbiddenFrom;
    }

    /** {@return the weakest level at which it must not happen} */
    public Consistency forbiddenFrom() {
      return forbiddenFrom;
    }
  }

  @Override
  public String toString() {
    return kind + ": " + explanation;
  }
}
