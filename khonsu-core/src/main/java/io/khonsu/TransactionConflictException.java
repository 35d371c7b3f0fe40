package io.khonsu;

import java.util.List;

/** The transaction collided with one that committed since it began. */
public final class TransactionConflictException extends TransactionAbortedException {
  private static final long serialVersionUID = 1L;

  private final transient List<TableConflict> conflicts;

  TransactionConflictException(long transactionId, List<TableConflict> conflicts) {
    super(
        "transaction %d aborted, conflicts: %d, first: %s"
            .formatted(transactionId, conflicts.size(), conflicts.getFirst()),
        null);
    this.conflicts = List.copyOf(conflicts);
  }

  /** {@return why it aborted, at least one conflict} */
  public List<TableConflict> conflicts() {
    return conflicts;
  }
}
