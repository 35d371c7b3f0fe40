package io.khonsu.testkit.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One transaction of a history, as its client saw it.
 *
 * @param id its index in the history, from 0
 * @param process the client; it runs one transaction at a time, and none after an unknown outcome
 * @param operations in their order; with what the reads saw if the outcome is {@code COMMITTED}
 * @param invokedNanos when the client began
 * @param completedNanos when the client knew the outcome, or knew that it would not learn it
 * @param commitVersion the version at which the store says it committed, or null if not known
 * @param snapshotVersion the newest version that the store says its reads see, or null
 */
public record HistoryTransaction(
    int id,
    int process,
    List<Operation> operations,
    Outcome outcome,
    long invokedNanos,
    long completedNanos,
    @Nullable Long commitVersion,
    @Nullable Long snapshotVersion) {

  /** What the client knows about the commit. */
  public enum Outcome {
    COMMITTED,
    /** It surely has no effect, and never will. */
    FAILED,
    /** It may have been applied, or may be later. */
    UNKNOWN
  }

  public HistoryTransaction {
    operations = List.copyOf(operations);
    if (completedNanos < invokedNanos) {
      throw new IllegalArgumentException(
          "completedNanos " + completedNanos + " is before invokedNanos " + invokedNanos);
    }
  }
}
