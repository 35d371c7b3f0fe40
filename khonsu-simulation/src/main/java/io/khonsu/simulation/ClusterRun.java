package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.Khonsu;
import io.khonsu.Snapshot;
import io.khonsu.distributed.ClusterMembers;
import io.khonsu.distributed.DistributedCommitManager;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.testkit.history.Consistency;
import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryChecker;
import io.khonsu.testkit.history.HistoryRecorder;
import io.khonsu.testkit.history.HistoryReport;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One run of whole nodes: first anything may go wrong, then nothing does, and every client must get
 * its answers and all nodes the same state.
 */
final class ClusterRun {
  /** How many lists are in use at a time. */
  static final int KEYS = 6;

  private static final int CLIENTS = 5;

  /** How long clients go on when nothing goes wrong any more. */
  private static final int SETTLING_TICKS = 150;

  private static final long TICK = Scheduler.TICK;

  /** After so many values, other lists are used, so that they do not grow for ever. */
  private static final int VALUES_PER_KEYS = 120;

  private final ClusterSettings settings;
  private final ClusterWorld world;
  private final ClusterNemesis nemesis;
  private final ClusterOperator operator;
  private final Set<ClusterMistake> mistakes;
  private final HistoryRecorder recorder;
  private final List<ClusterClient> clients = new ArrayList<>();
  private final TreeMap<Long, Long> committed = new TreeMap<>();

  /** By time, the newest version that any client had been told of. */
  private final TreeMap<Long, Long> acknowledged = new TreeMap<>();

  private final TreeSet<Long> committedLog = new TreeSet<>();
  private final TreeSet<Long> failedLog = new TreeSet<>();
  private long lastValue;
  private long answeredTicks;

  private ClusterRun(
      ClusterSettings settings, long seed, Set<Defect> defects, Set<ClusterMistake> mistakes) {
    this.settings = settings;
    this.mistakes = mistakes;
    this.world = new ClusterWorld(settings, defects, seed);
    this.nemesis = new ClusterNemesis(world, settings);
    this.recorder =
        new HistoryRecorder(() -> world.scheduler().now() * ClusterWorld.NANOS_PER_UNIT);
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new ClusterClient(world, this, recorder.client()));
    }
    this.operator = new ClusterOperator(world, nemesis);
  }

  /** {@return what happened in a run of a family} */
  static ClusterReport run(
      ClusterSettings settings, long seed, Set<Defect> defects, Set<ClusterMistake> mistakes) {
    return new ClusterRun(settings, seed, defects, mistakes).report(seed);
  }

  private ClusterReport report(long seed) {
    RunReport.Violation found = null;
    try {
      run();
    } catch (RuntimeException | AssertionError e) {
      found = RunReport.Violation.of(e, world.scheduler().now() / TICK);
    }
    try {
      world.close();
    } catch (RuntimeException | AssertionError e) {
      found = found == null ? RunReport.Violation.of(e, settings.ticks()) : found;
    }
    History history = recorder.history();
    return new ClusterReport(
        settings.name(),
        seed,
        world.trace().toString(),
        new ClusterReport.Counts(
            world.frames(),
            world.network().faultsInjected()
                + nemesis.injected()
                + world.nodes().stream().mapToLong(node -> node.disk().faults()).sum(),
            history.count(Outcome.COMMITTED),
            history.count(Outcome.FAILED),
            history.count(Outcome.UNKNOWN),
            world.snapshots(),
            operator.changes(),
            answeredTicks),
        found);
  }

  boolean has(ClusterMistake mistake) {
    return mistakes.contains(mistake);
  }

  /** {@return the first of the lists in use} */
  long firstKey() {
    return lastValue / VALUES_PER_KEYS * KEYS;
  }

  /** {@return a value that nobody else uses} */
  long nextValue() {
    return ++lastValue;
  }

  /** Notes what a client was told of its appends, and of what it logged, if it did. */
  void finished(ClusterClient.Result result, List<Operation> operations, long logged) {
    if (result == ClusterClient.Result.COMMITTED) {
      for (Operation operation : operations) {
        if (operation instanceof Operation.Append(long key, long value)) {
          committed.put(value, key);
        }
      }
    }
    if (logged != 0) {
      switch (result) {
        case COMMITTED -> committedLog.add(logged);
        case FAILED -> failedLog.add(logged);
        case UNKNOWN -> {}
      }
    }
  }

  /** Notes that a client was told of a commit now. */
  void acknowledged(long version) {
    var last = acknowledged.lastEntry();
    long newest = last == null ? version : Math.max(version, last.getValue());
    acknowledged.put(world.scheduler().now(), newest);
  }

  /** Checks that a snapshot shows all that was acknowledged up to a moment. */
  void checkFresh(long version, long time) {
    var due = acknowledged.floorEntry(time);
    if (due != null && version < due.getValue()) {
      throw violation(
          "staleness", "version", version, "was read, and", due, "was acknowledged by", time);
    }
  }

  private void run() {
    if (has(ClusterMistake.LYING_DISK)) {
      world.nodes().forEach(node -> node.disk().lie());
    }
    world.nodes().forEach(ClusterNode::start);
    clients.forEach(ClusterClient::start);
    nemesis.start();
    if (settings.membership() == ClusterSettings.Membership.CHANGING) {
      operator.start();
    }
    long end = settings.ticks() * TICK;
    long quiet = end - settings.quietTicks() * TICK;
    world.runUntil(quiet);
    nemesis.stop();
    operator.stop();
    world.runUntil(quiet + SETTLING_TICKS * TICK);
    clients.forEach(ClusterClient::stop);
    for (long time = quiet + SETTLING_TICKS * TICK; time < end && !isWhole(); time += 5 * TICK) {
      world.runUntil(time);
      answeredTicks = (time - quiet) / TICK - SETTLING_TICKS;
    }
    if (!isWhole()) {
      throw violation("liveness", "clients wait, or nodes lag:", world.describe());
    }
    checkStates();
    checkHistory();
  }

  private boolean isWhole() {
    if (!clients.stream().allMatch(ClusterClient::isIdle)) {
      return false;
    }
    return operator.isIdle()
        && members().stream()
                .map(ClusterNode::responsive)
                .mapToLong(manager -> manager == null ? -1 : manager.status().appliedIndex())
                .distinct()
                .count()
            == 1;
  }

  /** {@return those who must have everything at the end} */
  private List<ClusterNode> members() {
    ClusterMembers newest = world.members();
    return newest == null
        ? world.nodes()
        : newest.current().stream().map(entry -> world.node(entry.member().node())).toList();
  }

  private void checkStates() {
    Object expected = null;
    for (ClusterNode node : members()) {
      DistributedCommitManager manager = node.responsive();
      if (manager == null) {
        throw violation("liveness", node.describe());
      }
      checkContent(node, manager.store());
      Object content = ClusterTables.content(manager.store());
      if (expected != null && !content.equals(expected)) {
        throw violation("equal content", "of", node.id(), content, "not", expected);
      }
      expected = content;
    }
  }

  /** Every acknowledged value is there, once, on every node. */
  private void checkContent(ClusterNode node, Khonsu store) {
    if (!ClusterTables.areThere(store)) {
      throw violation("liveness", "node", node.id(), "has no tables");
    }
    try (Snapshot snapshot = store.localSnapshot()) {
      TreeMap<Long, List<Long>> lists = new TreeMap<>();
      committed.forEach((value, key) -> {
        List<Long> list =
            lists.computeIfAbsent(key, each -> ClusterTables.list(store, snapshot, each));
        long times = list.stream().filter(value::equals).count();
        if (times != 1) {
          throw violation(
              "acknowledged commits", value, "is", times, "times in list", key, "of", node.id());
        }
      });
      List<Long> log = ClusterTables.log(store, snapshot);
      TreeSet<Long> logged = new TreeSet<>(log);
      if (logged.size() != log.size()) {
        throw violation("applied once", "the log has values twice:", log);
      }
      if (!logged.containsAll(committedLog)) {
        throw violation("acknowledged commits", "values are missing in the log of", node.id());
      }
      if (failedLog.stream().anyMatch(logged::contains)) {
        throw violation("failed commits", "the log of", node.id(), "has values that failed");
      }
    }
  }

  private void checkHistory() {
    HistoryReport report = HistoryChecker.check(recorder.history());
    if (!report.valid(Consistency.STRICT_SERIALIZABLE)) {
      throw violation("strict serializability", report);
    }
  }
}
