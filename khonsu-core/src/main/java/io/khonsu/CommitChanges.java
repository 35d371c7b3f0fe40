package io.khonsu;

import java.util.List;

/**
 * What one commit changed in a range that is watched.
 *
 * @param version the version of the commit
 * @param transactionId the transaction that committed
 * @param changes at least one, each item once, in key order
 */
public record CommitChanges(long version, long transactionId, List<Change> changes) {
  /** Copies the list. */
  public CommitChanges {
    changes = List.copyOf(changes);
  }
}
