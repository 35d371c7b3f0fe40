package io.khonsu.server.demo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a cluster of real processes did while it was hurt, and what was there in the end.
 *
 * @param nodes how many processes
 * @param wounds what was done to it, and how long it then did not commit
 * @param acknowledged commits that had returned
 * @param found commits that were there in the end, on the node with the fewest
 * @param lost commits that had returned and were not there, on the node that lacks most
 * @param faults what else was wrong with what was there, on any node, in words
 * @param stateHashes of the nodes at the end, at the same index
 */
public record ClusterReport(
    int nodes,
    List<Wound> wounds,
    long acknowledged,
    long found,
    long lost,
    List<String> faults,
    List<String> stateHashes) {

  /**
   * Something that was done to a cluster under load.
   *
   * @param what was done, in a few words
   * @param pauseMillis the longest time without a commit, from then until it was over
   */
  public record Wound(String what, long pauseMillis) {}

  /** Copies the lists. */
  public ClusterReport {
    wounds = List.copyOf(wounds);
    faults = List.copyOf(faults);
    stateHashes = List.copyOf(stateHashes);
  }

  /**
   * {@return the report of what was found on each of some nodes}
   *
   * @param acknowledged commits that had returned
   * @param audits by the numbers of the nodes
   */
  static ClusterReport of(
      List<Wound> wounds,
      long acknowledged,
      Map<Long, CrashAudit> audits,
      List<String> stateHashes) {
    long found = Long.MAX_VALUE;
    long lost = 0;
    List<String> faults = new ArrayList<>();
    for (Map.Entry<Long, CrashAudit> entry : audits.entrySet()) {
      CrashAudit audit = entry.getValue();
      found = Math.min(found, audit.transfers());
      lost = Math.max(lost, audit.missing());
      audit.faults().forEach(fault -> faults.add("node %d: %s".formatted(entry.getKey(), fault)));
    }
    if (audits.values().stream().map(CrashAudit::lasts).distinct().count() > 1) {
      faults.add("nodes do not have the same transfers: " + audits);
    }
    return new ClusterReport(audits.size(), wounds, acknowledged, found, lost, faults, stateHashes);
  }

  /** {@return whether nothing was lost or is wrong, and all nodes have the same state} */
  public boolean holds() {
    return lost == 0
        && acknowledged > 0
        && faults.isEmpty()
        && stateHashes.size() == nodes
        && stateHashes.stream().distinct().count() == 1;
  }

  /** {@return the report in lines of less than 100 characters} */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (Wound wound : wounds) {
      lines.add(
          String.format(
              Locale.ROOT, "  %-52s no commit for %,7d ms", wound.what, wound.pauseMillis));
    }
    String kept = "every acknowledged one, whole";
    if (lost > 0) {
      kept = String.format(Locale.ROOT, "%,d OF THEM LOST", lost);
    } else if (!faults.isEmpty()) {
      kept = faults.size() + " THINGS ARE WRONG, see --json";
    }
    lines.add(
        String.format(
            Locale.ROOT, "  %,d commits acknowledged, %,d found: %s", acknowledged, found, kept));
    boolean agree = stateHashes.size() == nodes && stateHashes.stream().distinct().count() == 1;
    lines.add(
        "  state of all %d nodes: %s"
            .formatted(nodes, agree ? stateHashes.getFirst() : "DIFFERENT, " + stateHashes));
    return lines;
  }

  /** {@return the report as maps, lists, strings, numbers and booleans} */
  public Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("holds", holds());
    tree.put("nodes", nodes);
    List<Map<String, Object>> all = new ArrayList<>();
    for (Wound wound : wounds) {
      Map<String, Object> each = new LinkedHashMap<>();
      each.put("what", wound.what);
      each.put("pauseMillis", wound.pauseMillis);
      all.add(each);
    }
    tree.put("wounds", all);
    tree.put("acknowledged", acknowledged);
    tree.put("found", found);
    tree.put("lost", lost);
    tree.put("faults", faults);
    tree.put("stateHashes", stateHashes);
    return tree;
  }
}
