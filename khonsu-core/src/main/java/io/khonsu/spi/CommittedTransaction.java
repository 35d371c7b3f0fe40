package io.khonsu.spi;

import java.util.List;

/**
 * What one transaction changed, as it is persisted.
 *
 * @param version its commit version, greater than all before
 * @param transactionId its id
 * @param mutations the changes, at least one; no item occurs twice
 */
public record CommittedTransaction(long version, long transactionId, List<Mutation> mutations) {
  /** Copies the list. */
  public CommittedTransaction {
    mutations = List.copyOf(mutations);
    if (mutations.isEmpty()) {
      throw new IllegalArgumentException("commit %d changes nothing".formatted(version));
    }
  }
}
