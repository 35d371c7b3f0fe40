package io.khonsu;

import io.khonsu.mvcc.ConflictStrategy;
import java.util.List;

/**
 * What a commit did.
 *
 * @param version the commit version; for a transaction that changed nothing, the newest version
 *     that its reads are valid at
 * @param resolved the conflicts that strategies settled, in the order of the writes
 */
public record CommitReceipt(long version, List<TableConflict> resolved) {
  /** Copies the list. */
  public CommitReceipt {
    resolved = List.copyOf(resolved);
  }

  /** {@return the conflicts whose writes were dropped} */
  public List<TableConflict> ignored() {
    return settledBy(ConflictStrategy.IGNORE);
  }

  /** {@return the conflicts whose writes took the other transaction's place} */
  public List<TableConflict> replaced() {
    return settledBy(ConflictStrategy.REPLACE);
  }

  private List<TableConflict> settledBy(ConflictStrategy strategy) {
    return resolved.stream().filter(conflict -> conflict.strategy() == strategy).toList();
  }
}
