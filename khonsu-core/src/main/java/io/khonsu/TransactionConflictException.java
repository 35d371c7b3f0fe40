package io.khonsu;

import java.util.List;

/**
 * The transaction collided with others that committed since it began: {@link #conflicts} says on
 * which keys and ranges, with which transactions and versions, and how.
 */
public final class TransactionConflictException extends TransactionAbortedException {
  private static final long serialVersionUID = 1L;

  private final transient List<TableConflict> conflicts;

  TransactionConflictException(long transactionId, String name, List<TableConflict> conflicts) {
    super(
        "transaction %d%s aborted, conflicts: %d, first: %s"
            .formatted(
                transactionId,
                name.equals(TransactionOptions.UNNAMED) ? "" : " \"" + name + "\"",
                conflicts.size(),
                conflicts.getFirst()),
        null);
    this.conflicts = List.copyOf(conflicts);
  }

  /** {@return why it aborted, at least one conflict} */
  public List<TableConflict> conflicts() {
    return conflicts;
  }
}
