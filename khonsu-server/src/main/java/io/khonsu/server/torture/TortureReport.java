package io.khonsu.server.torture;

import io.khonsu.testkit.history.Consistency;
import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryChecker;
import io.khonsu.testkit.history.HistoryReport;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What became of a cluster that was hurt.
 *
 * @param seed of the faults, and of what the clients did
 * @param wounds what was done to it
 * @param history what the clients saw, with the reading of every list at the end
 * @param check what is wrong with that
 * @param lost appended values that were acknowledged, and not there at the end
 * @param stateHashes of the nodes at the end, at the same index
 * @param exitStatuses of the nodes when they were stopped, before that
 */
public record TortureReport(
    long seed,
    List<Wound> wounds,
    History history,
    HistoryReport check,
    List<Long> lost,
    List<String> stateHashes,
    List<Integer> exitStatuses) {
  /** How soon service is to be back after a fault of one node or link. */
  static final Duration BACK_WITHIN = Duration.ofSeconds(2);

  private static final int LOST_TOLD_MAX = 20;

  /** Of a process that ended well because it was told to, by SIGTERM. */
  private static final int STOPPED_STATUS = 143;

  /**
   * A fault, and what it did.
   *
   * @param fault what was done
   * @param leader who led then
   * @param sinceStart when, from the first one
   * @param pause the longest time without a commit on any node, until all were well again
   * @param slowest the longest time without a commit on one of the nodes that were not stopped or
   *     cut off from all others
   */
  record Wound(Fault fault, long leader, Duration sinceStart, Duration pause, Duration slowest) {
    private boolean isMiss() {
      return fault.kind().isSingle() && pause.compareTo(BACK_WITHIN) > 0;
    }
  }

  /** Copies the lists. */
  public TortureReport {
    wounds = List.copyOf(wounds);
    lost = List.copyOf(lost);
    stateHashes = List.copyOf(stateHashes);
    exitStatuses = List.copyOf(exitStatuses);
  }

  static TortureReport of(long seed, List<Wound> wounds, Audit audit, List<Integer> exitStatuses) {
    return new TortureReport(
        seed,
        wounds,
        audit.history(),
        HistoryChecker.check(audit.history()),
        audit.lost(),
        audit.stateHashes(),
        exitStatuses);
  }

  /**
   * {@return whether nothing was lost or is wrong, and all nodes ended well and have the same
   * state}
   */
  public boolean holds() {
    return check.valid(Consistency.STRICT_SERIALIZABLE)
        && lost.isEmpty()
        && history.count(Outcome.COMMITTED) > 0
        && haveSameState()
        && haveEndedWell();
  }

  private boolean haveEndedWell() {
    return exitStatuses.stream().allMatch(status -> status == STOPPED_STATUS);
  }

  private boolean haveSameState() {
    return !stateHashes.isEmpty() && stateHashes.stream().distinct().count() == 1;
  }

  private long singles() {
    return wounds.stream().filter(wound -> wound.fault.kind().isSingle()).count();
  }

  private long misses() {
    return wounds.stream().filter(Wound::isMiss).count();
  }

  /** {@return the report in lines, for people} */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "  fault                                              at s  lasts  no commit  slowest"
            + " node");
    for (Wound wound : wounds) {
      lines.add(
          String.format(
                  Locale.ROOT,
                  "  %-48s %6.1f %,6d  %,9d  %,12d %s",
                  wound.fault.kind().what(),
                  wound.sinceStart.toMillis() / 1e3,
                  wound.fault.duration().toMillis(),
                  wound.pause.toMillis(),
                  wound.slowest.toMillis(),
                  wound.isMiss() ? "MISS" : "")
              .stripTrailing());
    }
    lines.add(
        "  service back within %d s of a fault of one node or link: %d of %d%s"
            .formatted(
                BACK_WITHIN.toSeconds(),
                singles() - misses(),
                singles(),
                misses() == 0 ? "" : ", " + misses() + " MISSED"));
    lines.add(
        String.format(
            Locale.ROOT,
            "  transactions: %,d committed, %,d refused, %,d unknown",
            history.count(Outcome.COMMITTED),
            history.count(Outcome.FAILED),
            history.count(Outcome.UNKNOWN)));
    boolean isStrict = check.valid(Consistency.STRICT_SERIALIZABLE);
    lines.add("  history: " + (isStrict ? "strictly serializable" : "NOT STRICTLY SERIALIZABLE"));
    check
        .forbidden(Consistency.STRICT_SERIALIZABLE)
        .forEach(anomaly -> lines.addAll(anomaly.toString().lines().toList()));
    lines.add(
        "  acknowledged appends lost: "
            + (lost.isEmpty() ? "none" : lost.size() + ", " + firstLost()));
    lines.add(
        "  state of all nodes: "
            + (haveSameState() ? stateHashes.getFirst() : "DIFFERENT, " + stateHashes));
    lines.add(
        "  nodes that were stopped: "
            + (haveEndedWell() ? "ended well" : "ENDED WITH " + exitStatuses));
    return lines;
  }

  private List<Long> firstLost() {
    return lost.subList(0, Math.min(lost.size(), LOST_TOLD_MAX));
  }

  /** {@return the report as maps, lists, strings, numbers and booleans} */
  public Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("holds", holds());
    tree.put("seed", seed);
    tree.put("faults", wounds.stream().map(TortureReport::tree).toList());
    tree.put("backWithinMillis", BACK_WITHIN.toMillis());
    tree.put("singleFaults", singles());
    tree.put("misses", misses());
    tree.put("committed", history.count(Outcome.COMMITTED));
    tree.put("refused", history.count(Outcome.FAILED));
    tree.put("unknown", history.count(Outcome.UNKNOWN));
    tree.put("strictlySerializable", check.valid(Consistency.STRICT_SERIALIZABLE));
    tree.put(
        "anomalies",
        check.forbidden(Consistency.STRICT_SERIALIZABLE).stream().map(Object::toString).toList());
    tree.put("lost", lost.size());
    tree.put("stateHashes", stateHashes);
    tree.put("exitStatuses", exitStatuses);
    return tree;
  }

  private static Map<String, Object> tree(Wound wound) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("kind", wound.fault.kind().name());
    tree.put("single", wound.fault.kind().isSingle());
    tree.put("leader", wound.leader);
    tree.put("follower", wound.fault.follower());
    tree.put("atMillis", wound.sinceStart.toMillis());
    tree.put("durationMillis", wound.fault.duration().toMillis());
    tree.put("pauseMillis", wound.pause.toMillis());
    tree.put("slowestNodeMillis", wound.slowest.toMillis());
    tree.put("miss", wound.isMiss());
    return tree;
  }
}
