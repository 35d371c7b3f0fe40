package io.khonsu.server.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.Store;
import io.khonsu.server.demo.ClusterReport.Wound;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import io.khonsu.server.node.EachNode;
import io.khonsu.server.node.LocalCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A cluster of processes on this machine, with writers on every node, and what can be done to it.
 * Belongs to one thread; close it.
 */
final class HurtCluster implements AutoCloseable {
  static final int NODES = 3;

  private static final List<String> UNDER_LOAD = List.of("--faults", "--workload");
  private static final Duration TIMEOUT = Duration.ofMinutes(3);
  private static final Duration CUT = Duration.ofSeconds(2);

  /** In a commit version, this many bits below the milliseconds count. */
  private static final int COUNTER_BITS = 16;

  private final LocalCluster cluster;

  /** The nodes that are members. */
  private final List<Long> members = new ArrayList<>();

  private final List<AcknowledgementFile> files = new ArrayList<>();
  private final List<Wound> wounds = new ArrayList<>();
  private final Consumer<String> progress;

  private HurtCluster(LocalCluster cluster, Consumer<String> progress) {
    this.cluster = cluster;
    this.progress = progress;
    for (long node = 1; node <= cluster.size(); node++) {
      joined(node);
    }
  }

  private void joined(long node) {
    members.add(node);
    files.add(new AcknowledgementFile(cluster.acknowledgements(node)));
  }

  /**
   * Makes a cluster, and waits until it commits.
   *
   * @param directory new or empty
   * @param nodes how many
   * @param mainClass the program's
   */
  static HurtCluster create(Path directory, int nodes, String mainClass, Consumer<String> progress)
      throws IOException, InterruptedException, TimeoutException {
    LocalCluster cluster = LocalCluster.create(directory, nodes, mainClass, UNDER_LOAD);
    HurtCluster made = new HurtCluster(cluster, progress);
    boolean done = false;
    try {
      var _ = made.awaitHealthy();
      done = true;
      return made;
    } finally {
      if (!done) {
        made.close();
      }
    }
  }

  /** {@return all that has been acknowledged, by any node} */
  List<Acknowledgement> acknowledged() throws IOException {
    List<Acknowledgement> all = new ArrayList<>();
    for (AcknowledgementFile file : files) {
      all.addAll(file.all());
    }
    return all;
  }

  /** {@return what was done, in order} */
  List<Wound> wounds() {
    return wounds;
  }

  /** Waits for so many more commits. */
  void awaitCommits(int count) throws IOException, InterruptedException, TimeoutException {
    int before = acknowledged().size();
    LocalCluster.await(() -> acknowledged().size() >= before + count, count + " more commits");
  }

  /** Waits until every node follows the same leader; {@return the leader} */
  long awaitHealthy() throws IOException, InterruptedException, TimeoutException {
    return cluster.awaitLeader(members, TIMEOUT);
  }

  /** Kills the leader as by {@code kill -9}, waits for the next commit, and starts it again. */
  void killLeader() throws IOException, InterruptedException, TimeoutException {
    killOne(awaitHealthy(), "kill -9 of the leader");
  }

  /** The same with a follower. */
  void killFollower() throws IOException, InterruptedException, TimeoutException {
    killOne(follower(awaitHealthy()), "kill -9 of a follower");
  }

  /** {@return the member after one, in a circle} */
  private long follower(long leader) {
    return members.get((members.indexOf(leader) + 1) % members.size());
  }

  private void killOne(long node, String what)
      throws IOException, InterruptedException, TimeoutException {
    progress.accept(what);
    cluster.kill(node);
    notePause(what, System.currentTimeMillis());
    progress.accept("starting node " + node + " again");
    cluster.restart(node);
    var _ = awaitHealthy();
  }

  /** Kills all nodes, starts them again, and waits for the next commit. */
  void killAll() throws IOException, InterruptedException, TimeoutException {
    String what = "kill -9 of all nodes, and their start";
    progress.accept(what);
    for (long node : members) {
      cluster.kill(node);
    }
    long killed = System.currentTimeMillis();
    for (long node : members) {
      cluster.restart(node);
    }
    notePause(what, killed);
    var _ = awaitHealthy();
  }

  /**
   * The chained scenario: the leader and a follower lose each other, and both still reach the third
   * node. Whoever leads then must reach a majority, and keep it.
   */
  void cutChain() throws IOException, InterruptedException, TimeoutException {
    String what = "leader and one follower cannot reach each other";
    progress.accept(what);
    long leader = awaitHealthy();
    long follower = follower(leader);
    setFaults(leader, follower, "CUT");
    long cut = System.currentTimeMillis();
    Thread.sleep(CUT);
    notePause(what, cut);
    setFaults(leader, follower, "NONE");
    var _ = awaitHealthy();
  }

  /** Starts further nodes, and makes them members. */
  void grow(int count) throws IOException, InterruptedException, TimeoutException {
    Map<Long, String> added = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      long node = cluster.add();
      added.put(node, cluster.address(node));
    }
    change(awaitHealthy(), added, Set.of());
  }

  /** Kills a follower for good, and puts a new node into its place. */
  void replaceFollower() throws IOException, InterruptedException, TimeoutException {
    long leader = awaitHealthy();
    long dead = follower(leader);
    cluster.kill(dead);
    long node = cluster.add();
    change(leader, Map.of(node, cluster.address(node)), Set.of(dead));
  }

  /** Removes the leader. */
  void removeLeader() throws IOException, InterruptedException, TimeoutException {
    long leader = awaitHealthy();
    change(leader, Map.of(), Set.of(leader));
  }

  private void change(long asked, Map<Long, String> added, Set<Long> removed)
      throws IOException, InterruptedException, TimeoutException {
    String what = "members: %s join, %s leave".formatted(added.keySet(), removed);
    progress.accept(what);
    long begun = System.currentTimeMillis();
    Set<Long> wanted = new TreeSet<>(members);
    wanted.removeAll(removed);
    wanted.addAll(added.keySet());
    LocalCluster.await(
        () -> {
          Set<Long> found = new TreeSet<>();
          JsonNode answer = cluster.admin(asked).changeMembers(added, removed);
          answer.path("members").forEach(member -> found.add(member.path("node").asLong()));
          return found.equals(wanted);
        },
        what);
    members.removeAll(removed);
    added.keySet().forEach(this::joined);
    notePause(what, begun);
    var _ = awaitHealthy();
  }

  private void setFaults(long one, long other, String fault)
      throws InterruptedException, TimeoutException {
    cluster.setFault(one, other, fault);
    cluster.setFault(other, one, fault);
  }

  /**
   * Waits for a commit that was ordered after now, and notes the longest time without one since a
   * moment.
   */
  private void notePause(String what, long sinceMillis)
      throws IOException, InterruptedException, TimeoutException {
    long now = System.currentTimeMillis();
    LocalCluster.await(() -> orderedSince(now).length > 0, "commit after: " + what);
    long former = sinceMillis;
    long longest = 0;
    for (long millis : orderedSince(sinceMillis)) {
      longest = Math.max(longest, millis - former);
      former = millis;
    }
    wounds.add(new Wound(what, longest));
  }

  /** {@return when commits were ordered, those after a moment} */
  private long[] orderedSince(long millis) throws IOException {
    return acknowledged().stream()
        .mapToLong(commit -> commit.version() >> COUNTER_BITS)
        .filter(ordered -> ordered > millis)
        .sorted()
        .toArray();
  }

  /**
   * Stops all, starts all without writers, and looks at what is there on each.
   *
   * @return the audits together, and the state hashes of all nodes at one index
   */
  ClusterReport audit() throws IOException, InterruptedException, TimeoutException {
    progress.accept("stopping the writers");
    var _ = cluster.stop();
    cluster.setOptions(List.of());
    for (long node : members) {
      cluster.restart(node);
    }
    progress.accept("looking for every acknowledged commit on every node");
    List<Acknowledgement> acknowledged = acknowledged();
    acknowledged.sort(Comparator.comparingLong(Acknowledgement::version));
    List<CrashAudit> audits =
        EachNode.ask(cluster, members, (_, store) -> audit(store, acknowledged));
    Map<Long, CrashAudit> byNode = new TreeMap<>();
    for (int i = 0; i < audits.size(); i++) {
      byNode.put(members.get(i), audits.get(i));
    }
    return ClusterReport.of(wounds, acknowledged.size(), byNode, cluster.stateHashes(members));
  }

  private static CrashAudit audit(Store store, List<Acknowledgement> acknowledged) {
    return CrashAudit.of(store, CrashAudit.EMPTY, acknowledged, CrashAudit.Untold.ANY);
  }

  @Override
  public void close() {
    cluster.close();
  }
}
