package io.khonsu.testkit.history;

import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What the clients of a store did and saw.
 *
 * @param transactions in the order of their invocations, ids being indices
 */
public record History(List<HistoryTransaction> transactions) {

  public History {
    transactions = List.copyOf(transactions);
    for (int i = 0; i < transactions.size(); i++) {
      if (transactions.get(i).id() != i) {
        throw new IllegalArgumentException(
            "transaction " + i + " has the id " + transactions.get(i).id());
      }
    }
  }

  /** {@return a history of {@code transactions}, sorted by invocation and numbered anew} */
  public static History of(List<HistoryTransaction> transactions) {
    List<HistoryTransaction> sorted = new ArrayList<>(transactions);
    sorted.sort(Comparator.comparingLong(HistoryTransaction::invokedNanos));
    for (int i = 0; i < sorted.size(); i++) {
      HistoryTransaction t = sorted.get(i);
      sorted.set(
          i,
          new HistoryTransaction(
              i,
              t.process(),
              t.operations(),
              t.outcome(),
              t.invokedNanos(),
              t.completedNanos(),
              t.commitVersion(),
              t.snapshotVersion()));
    }
    return new History(sorted);
  }

  /** {@return how many transactions have {@code outcome}} */
  public long count(Outcome outcome) {
    return transactions.stream().filter(t -> t.outcome() == outcome).count();
  }
}
