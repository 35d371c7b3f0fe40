package io.khonsu.testkit.history;

import static io.khonsu.testkit.history.DependencyGraph.REAL_TIME;
import static io.khonsu.testkit.history.DependencyGraph.RW;
import static io.khonsu.testkit.history.DependencyGraph.WR;
import static io.khonsu.testkit.history.DependencyGraph.WW;

import io.khonsu.testkit.history.Anomaly.Kind;
import io.khonsu.testkit.history.CycleSearch.AntiDependencies;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Checks a history of list appends, registers, or both.
 *
 * <p>It recovers the order of each key's versions, draws the dependencies of Adya (1999) between
 * the transactions, and looks for cycles. For items this is exact: a history is valid at a level if
 * and only if no anomaly that the level forbids exists, provided that the order of the versions can
 * be known. Time and memory are linear in the number of operations and dependencies, except that
 * the values of all reads are compared.
 */
public final class HistoryChecker {
  private final History history;
  private final Anomalies anomalies;
  private final DependencyGraph graph;

  private HistoryChecker(History history) {
    this.history = history;
    this.anomalies = new Anomalies(history);
    this.graph = new DependencyGraph(history.transactions().size());
  }

  /** {@return what is wrong with {@code history}, and its verdict for each level} */
  public static HistoryReport check(History history) {
    HistoryChecker checker = new HistoryChecker(history);
    checker.check();
    return new HistoryReport(history.transactions().size(), checker.anomalies.all());
  }

  private void check() {
    List<Item> items = new ArrayList<>(ListItems.of(history, anomalies));
    items.addAll(RegisterItems.of(history, anomalies));
    for (Item item : items) {
      item.orderByCommit(anomalies);
      item.addEdges(graph);
      item.checkUpdates(anomalies);
      item.checkSnapshots(anomalies);
    }
    addRealTime();
    findDirtyCycles();
    findSnapshotCycles();
    findWriteSkew();
    findInversions();
  }

  private void findDirtyCycles() {
    CycleSearch overwrites = new CycleSearch(graph, WW, AntiDependencies.ANY);
    report(Kind.DIRTY_WRITE, overwrites.cycles(WW, WW, _ -> true));
    CycleSearch flow = new CycleSearch(graph, WW | WR, AntiDependencies.ANY);
    report(Kind.CIRCULAR_INFORMATION_FLOW, flow.cycles(WR, WW | WR, _ -> true));
  }

  /** Finds cycles without adjacent anti-dependencies: no snapshot explains them. */
  private void findSnapshotCycles() {
    CycleSearch search = new CycleSearch(graph, WW | WR | RW, AntiDependencies.NOT_ADJACENT);
    List<List<Integer>> single = search.cycles(RW, WW | WR, _ -> true);
    report(Kind.READ_SKEW, single);
    if (single.isEmpty()) {
      report(Kind.LONG_FORK, search.cycles(RW, WW | WR | RW, _ -> true));
    }
  }

  /**
   * Finds cycles with adjacent anti-dependencies. Where the search stumbles only on cycles that
   * have been reported above, it is content with those.
   */
  private void findWriteSkew() {
    CycleSearch search = new CycleSearch(graph, WW | WR | RW, AntiDependencies.ANY);
    boolean snapshotIsBroken = anomalies.has(Kind.READ_SKEW) || anomalies.has(Kind.LONG_FORK);
    Predicate<List<Integer>> wanted = cycle -> !snapshotIsBroken || hasAdjacent(cycle);
    report(Kind.WRITE_SKEW, search.cycles(RW, WW | WR | RW, wanted));
  }

  private void findInversions() {
    int all = WW | WR | RW | REAL_TIME;
    CycleSearch search = new CycleSearch(graph, all, AntiDependencies.ANY);
    report(Kind.REAL_TIME_INVERSION, search.cycles(REAL_TIME, all, _ -> true));
  }

  private boolean hasAdjacent(List<Integer> cycle) {
    for (int i = 0; i < cycle.size(); i++) {
      int next = cycle.get((i + 1) % cycle.size());
      if (graph.kind(cycle.get(i)) == RW && graph.kind(next) == RW) {
        return true;
      }
    }
    return false;
  }

  private void report(Kind kind, List<List<Integer>> cycles) {
    for (List<Integer> cycle : cycles) {
      StringBuilder text = new StringBuilder();
      List<Integer> ids = new ArrayList<>();
      for (int edge : cycle) {
        text.append('T').append(graph.source(edge)).append(graph.arrow(edge));
        ids.add(graph.source(edge));
      }
      text.append('T').append(graph.source(cycle.getFirst()));
      anomalies.add(kind, text.toString(), ids);
    }
  }

  /** A moment in a history: an invocation or a completion. */
  private record Moment(long nanos, boolean completes, int id) {}

  /**
   * Adds edges from each acknowledged transaction to those invoked later, leaving out what follows
   * from others: only the newest acknowledged transactions, at most one for each client, matter. At
   * the same nanosecond, invocations count as earlier.
   */
  private void addRealTime() {
    List<Moment> moments = new ArrayList<>();
    List<Set<Integer>> before = new ArrayList<>();
    for (HistoryTransaction t : history.transactions()) {
      before.add(Set.of());
      if (t.outcome() != Outcome.FAILED) {
        moments.add(new Moment(t.invokedNanos(), false, t.id()));
      }
      if (t.outcome() == Outcome.COMMITTED) {
        moments.add(new Moment(t.completedNanos(), true, t.id()));
      }
    }
    moments.sort(Comparator.comparingLong(Moment::nanos).thenComparing(Moment::completes));
    Set<Integer> newest = new LinkedHashSet<>();
    for (Moment moment : moments) {
      int id = moment.id;
      if (moment.completes) {
        newest.removeAll(before.get(id));
        newest.add(id);
        before.set(id, Set.of());
      } else {
        newest.forEach(earlier -> graph.add(earlier, id, REAL_TIME, 0));
        before.set(id, Set.copyOf(newest));
      }
    }
  }
}
