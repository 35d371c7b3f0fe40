package io.khonsu.testkit.scenario;

import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * What one transaction did in an {@link Execution}.
 *
 * @param begunAfter how many commits had been acknowledged at its begin
 * @param beganAt the index of its first step
 * @param endedAfter how many commits had been acknowledged before its end
 * @param endedAt the index of its last step
 * @param outcome null if the script aborted it or never ended it
 */
record TransactionTrace(
    String name,
    BeginOptions options,
    int begunAfter,
    int beganAt,
    int endedAfter,
    int endedAt,
    List<Event> events,
    @Nullable CommitOutcome outcome) {

  TransactionTrace {
    events = List.copyOf(events);
  }

  boolean refused() {
    return outcome instanceof CommitOutcome.Refused;
  }

  SortedMap<String, OptionalLong> writes() {
    return Event.writes(events);
  }
}
