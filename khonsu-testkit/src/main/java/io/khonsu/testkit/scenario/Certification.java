package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Optimistic certification: what a commit must check so that the order of commits explains all
 * reads at the level. It is stricter than the levels demand (a serial order may exist that is not
 * the order of commits) and is the most that a store may refuse.
 */
final class Certification {
  private Certification() {}

  /**
   * {@return why the transaction must be refused, or empty if it may commit}
   *
   * @param events what it saw and wrote
   * @param first how many commits its snapshot holds
   * @param end how many commits come before its own
   */
  static Optional<String> refusal(
      BeginOptions options, List<Event> events, CommitLog commits, int first, int end) {
    if (options.access() == BeginOptions.Access.READ_ONLY) {
      return Optional.empty();
    }
    boolean replaces = options.strategy() == BeginOptions.Strategy.REPLACE;
    return switch (options.level()) {
      case READ_COMMITTED, SNAPSHOT ->
          replaces ? Optional.empty() : overwritten(events, commits, first, end);
      case REPEATABLE_READ -> {
        Set<String> resolved = replaces ? Event.writes(events).keySet() : Set.of();
        Optional<String> conflict =
            replaces ? Optional.empty() : overwritten(events, commits, first, end);
        yield conflict.or(() -> staleItem(events, resolved, commits, first, end));
      }
      case SERIALIZABLE ->
          staleItem(events, Set.of(), commits, first, end)
              .or(() -> stalePredicate(events, commits, first, end));
    };
  }

  /** {@return the item written that another transaction has committed since} */
  static Optional<String> overwritten(List<Event> events, CommitLog commits, int first, int end) {
    return Event.writes(events).keySet().stream()
        .filter(key -> commits.wrote(key, first, end))
        .findFirst()
        .map(key -> "write-write conflict on " + key);
  }

  /** {@return the item read, and not {@code resolved}, that has been committed since} */
  static Optional<String> staleItem(
      List<Event> events, Set<String> resolved, CommitLog commits, int first, int end) {
    Set<String> own = new HashSet<>(resolved);
    for (Event event : events) {
      if (event instanceof Event.Wrote wrote) {
        own.add(wrote.key());
      } else if (event instanceof Event.Saw(Event.Target.Item(String key), var _, int _)
          && !own.contains(key)
          && commits.wrote(key, first, end)) {
        return Optional.of("stale read of " + key);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> stalePredicate(
      List<Event> events, CommitLog commits, int first, int end) {
    for (Event event : events) {
      if (event instanceof Event.Saw(Event.Target.Rows(ScenarioPredicate predicate), var _, int _)
          && commits.touched(predicate, first, end)) {
        return Optional.of("stale read of " + predicate);
      }
    }
    return Optional.empty();
  }

  /** {@return whether an item that a scan returned has been committed since} */
  static boolean staleScannedItem(List<Event> events, CommitLog commits, int first, int end) {
    for (Event event : events) {
      if (event instanceof Event.Saw(Event.Target.Rows _, var seen, int _)
          && seen.keySet().stream().anyMatch(key -> commits.wrote(key, first, end))) {
        return true;
      }
    }
    return false;
  }

  /**
   * {@return why the weakest rule of the level refuses the transaction, or empty}
   *
   * @param committed the transactions that committed before, in order
   * @param orders the serial orders that explain a transaction at {@code SERIALIZABLE}
   */
  static Optional<String> weakestRefusal(
      TransactionTrace trace,
      CommitLog commits,
      List<TransactionTrace> committed,
      SerialOrders.Orders orders) {
    List<Event> events = trace.events();
    int first = trace.begunAfter();
    int end = trace.endedAfter();
    Level level = trace.options().level();
    Optional<String> overwritten = overwritten(events, commits, first, end);
    return switch (level) {
      case READ_COMMITTED -> Optional.empty();
      case SNAPSHOT -> overwritten;
      case REPEATABLE_READ ->
          trace.writes().isEmpty()
              ? Optional.empty()
              : overwritten.or(() -> staleItem(events, Set.of(), commits, first, end));
      case SERIALIZABLE -> {
        List<TransactionTrace> all = new ArrayList<>(committed);
        all.add(trace);
        yield SerialOrders.explain(orders, commits.state(0), all, null)
            ? Optional.empty()
            : Optional.of("not serializable");
      }
    };
  }
}
