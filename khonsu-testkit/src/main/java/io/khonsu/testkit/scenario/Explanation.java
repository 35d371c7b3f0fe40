package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Whether a level explains an execution. Refusals need no explanation here; {@link Certification}
 * judges them.
 *
 * <p>Because one thread executes a script, the order of the acknowledgements is the order of the
 * commits, and every snapshot is known exactly: the state after the commits acknowledged before it.
 * The reads of transactions that did not commit are held to the same rule at every level but {@code
 * SERIALIZABLE}.
 */
final class Explanation {
  private Explanation() {}

  /** {@return what {@code level} can't explain; empty if all is well} */
  static List<String> violations(Execution execution, Level level) {
    List<String> violations = new ArrayList<>();
    CommitLog commits = execution.commitLog();
    if (!execution.end().equals(commits.state(commits.count()))) {
      violations.add(
          "the commits lead to " + commits.state(commits.count()) + ", not to " + execution.end());
    }
    if (level == Level.SERIALIZABLE) {
      if (!SerialOrders.explain(
          SerialOrders.Orders.REAL_TIME,
          execution.start(),
          execution.committed(),
          execution.end())) {
        violations.add("no serial order in real time explains all reads");
      }
      return violations;
    }
    execution.traces().forEach(trace -> checkReads(trace, level, commits, violations));
    if (level != Level.READ_COMMITTED) {
      execution.committed().forEach(trace -> checkCommit(trace, level, commits, violations));
    }
    return violations;
  }

  private static void checkReads(
      TransactionTrace trace, Level level, CommitLog commits, List<String> violations) {
    SortedMap<String, OptionalLong> own = new TreeMap<>();
    for (Event event : trace.events()) {
      switch (event) {
        case Event.Wrote(String key, OptionalLong value) -> own.put(key, value);
        case Event.Saw(Event.Target target, SortedMap<String, Long> seen, int after) -> {
          int snapshot = level == Level.READ_COMMITTED ? after : trace.begunAfter();
          SortedMap<String, Long> visible = new TreeMap<>(commits.state(snapshot));
          own.forEach((key, value) -> Event.apply(visible, key, value));
          SortedMap<String, Long> right = target.in(visible);
          if (!right.equals(seen)) {
            violations.add(
                trace.name() + " saw " + seen + " instead of " + right + " in: " + target);
          }
        }
      }
    }
  }

  private static void checkCommit(
      TransactionTrace trace, Level level, CommitLog commits, List<String> violations) {
    int first = trace.begunAfter();
    int end = trace.endedAfter();
    Certification.overwritten(trace.events(), commits, first, end)
        .ifPresent(conflict -> violations.add(trace.name() + " committed despite " + conflict));
    if (level == Level.REPEATABLE_READ && !trace.writes().isEmpty()) {
      Certification.staleItem(trace.events(), Set.of(), commits, first, end)
          .ifPresent(conflict -> violations.add(trace.name() + " committed despite " + conflict));
    }
  }
}
