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
 * @param plan what was to be done to it
 * @param wounds what was done
 * @param audit what the clients saw, and what was there at the end
 * @param check what is wrong with the history
 * @param complaints what nodes did that they should not have done when they were hurt
 * @param exitStatuses of the nodes when they were stopped, before they were looked at
 */
public record TortureReport(
    TorturePlan plan,
    List<Wound> wounds,
    Audit audit,
    HistoryReport check,
    List<String> complaints,
    List<Integer> exitStatuses) {
  /** How soon service is to be back after a fault of one node or link. */
  static final Duration BACK_WITHIN = Duration.ofSeconds(2);

  private static final int TOLD_MAX = 20;

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
    complaints = List.copyOf(complaints);
    exitStatuses = List.copyOf(exitStatuses);
  }

  static TortureReport of(
      TorturePlan plan,
      List<Wound> wounds,
      Audit audit,
      List<String> complaints,
      List<Integer> exitStatuses) {
    HistoryReport check = HistoryChecker.check(audit.history());
    return new TortureReport(plan, wounds, audit, check, complaints, exitStatuses);
  }

  /** {@return what all clients saw, with the reading of every list at the end} */
  public History history() {
    return audit.history();
  }

  /**
   * {@return whether nothing was lost or is wrong, and all nodes ended well and have the same rows
   * and state}
   */
  public boolean holds() {
    return check.valid(Consistency.STRICT_SERIALIZABLE)
        && audit.lost().isEmpty()
        && history().count(Outcome.COMMITTED) > 0
        && audit.differences().isEmpty()
        && haveSameState()
        && complaints.isEmpty()
        && haveEndedWell();
  }

  private boolean haveEndedWell() {
    return exitStatuses.stream().allMatch(status -> status == STOPPED_STATUS);
  }

  private boolean haveSameState() {
    return !stateHashes().isEmpty() && stateHashes().stream().distinct().count() == 1;
  }

  private List<String> stateHashes() {
    return audit.stateHashes();
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
        "  fault                                                at s  lasts  no commit  slowest"
            + " node");
    for (Wound wound : wounds) {
      lines.add(
          String.format(
                  Locale.ROOT,
                  "  %-50s %6.1f %,6d  %,9d  %,12d %s",
                  wound.fault.what(),
                  wound.sinceStart.toMillis() / 1e3,
                  wound.fault.duration().toMillis(),
                  wound.pause.toMillis(),
                  wound.slowest.toMillis(),
                  wound.isMiss() ? "MISS" : "")
              .stripTrailing());
    }
    lines.add("  drawn of: " + FaultFamily.names(plan.families()));
    plan.leftOut().forEach((_, why) -> lines.add("  left out: " + why));
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
            history().count(Outcome.COMMITTED),
            history().count(Outcome.FAILED),
            history().count(Outcome.UNKNOWN)));
    boolean isStrict = check.valid(Consistency.STRICT_SERIALIZABLE);
    lines.add("  history: " + (isStrict ? "strictly serializable" : "NOT STRICTLY SERIALIZABLE"));
    check
        .forbidden(Consistency.STRICT_SERIALIZABLE)
        .forEach(anomaly -> lines.addAll(anomaly.toString().lines().toList()));
    lines.add(
        "  acknowledged appends lost: "
            + (audit.lost().isEmpty() ? "none" : audit.lost().size() + ", " + first(audit.lost())));
    lines.add(
        "  lists that nodes do not agree on: "
            + (audit.differences().isEmpty() ? "none" : audit.differences().size()));
    first(audit.differences()).forEach(difference -> lines.add("  WRONG: " + difference));
    lines.add(
        "  state of all nodes: "
            + (haveSameState() ? stateHashes().getFirst() : "DIFFERENT, " + stateHashes()));
    complaints.forEach(complaint -> lines.add("  WRONG: " + complaint));
    lines.add(
        "  nodes that were stopped: "
            + (haveEndedWell() ? "ended well" : "ENDED WITH " + exitStatuses));
    return lines;
  }

  private static <T> List<T> first(List<T> all) {
    return all.subList(0, Math.min(all.size(), TOLD_MAX));
  }

  /** {@return the report as maps, lists, strings, numbers and booleans} */
  public Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("holds", holds());
    tree.put("seed", plan.seed());
    tree.put("families", plan.families().stream().sorted().map(FaultFamily::toString).toList());
    tree.put("leftOut", leftOut());
    tree.put("faults", wounds.stream().map(TortureReport::tree).toList());
    tree.put("backWithinMillis", BACK_WITHIN.toMillis());
    tree.put("singleFaults", singles());
    tree.put("misses", misses());
    tree.put("committed", history().count(Outcome.COMMITTED));
    tree.put("refused", history().count(Outcome.FAILED));
    tree.put("unknown", history().count(Outcome.UNKNOWN));
    tree.put("strictlySerializable", check.valid(Consistency.STRICT_SERIALIZABLE));
    tree.put(
        "anomalies",
        check.forbidden(Consistency.STRICT_SERIALIZABLE).stream().map(Object::toString).toList());
    tree.put("lost", audit.lost().size());
    tree.put("differences", first(audit.differences()));
    tree.put("stateHashes", stateHashes());
    tree.put("complaints", complaints);
    tree.put("exitStatuses", exitStatuses);
    return tree;
  }

  private Map<String, String> leftOut() {
    Map<String, String> leftOut = new LinkedHashMap<>();
    plan.leftOut().forEach((family, why) -> leftOut.put(family.toString(), why));
    return leftOut;
  }

  private static Map<String, Object> tree(Wound wound) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("kind", wound.fault.kind().name());
    tree.put("single", wound.fault.kind().isSingle());
    tree.put("leader", wound.leader);
    tree.put("follower", wound.fault.follower());
    tree.put("skewMillis", wound.fault.skew().toMillis());
    tree.put("atMillis", wound.sinceStart.toMillis());
    tree.put("durationMillis", wound.fault.duration().toMillis());
    tree.put("pauseMillis", wound.pause.toMillis());
    tree.put("slowestNodeMillis", wound.slowest.toMillis());
    tree.put("miss", wound.isMiss());
    return tree;
  }
}
