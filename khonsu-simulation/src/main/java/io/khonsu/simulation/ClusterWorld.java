package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Member;
import io.khonsu.distributed.ClusterConfig;
import io.khonsu.distributed.ClusterMembers;
import io.khonsu.distributed.DistributedCommitManager;
import io.khonsu.distributed.NodeStatus;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import io.khonsu.distributed.deviation.Defect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Everything of one run of whole nodes: time, network, machines, and what watches them. */
final class ClusterWorld {
  /** A tick is ten milliseconds. */
  static final long NANOS_PER_UNIT = 10_000_000 / Scheduler.TICK;

  /** What the clocks showed when the world began. */
  static final long EPOCH_MILLIS = 1_800_000_000_000L;

  private static final long CLUSTER = 7;
  private static final long CLOCK_OFFSET_MAX_MILLIS = 2_000;

  private final Scheduler scheduler = new Scheduler();
  private final SplittableRandom random;
  private final TraceHash trace = new TraceHash();
  private final Network<byte[]> network;
  private final List<ClusterNode> nodes = new ArrayList<>();
  private final ClusterSettings settings;
  private final Set<Defect> defects;
  private final boolean areCutsKnown;
  private final TreeMap<Long, Long> hashes = new TreeMap<>();
  private final TreeMap<Integer, Long> installed = new TreeMap<>();
  private final HistoryProbe probe = new HistoryProbe();
  private long frames;
  private long snapshots;

  ClusterWorld(ClusterSettings settings, Set<Defect> defects, long seed) {
    this.random = new SplittableRandom(TraceHash.mix(seed));
    this.defects = defects;
    this.settings = settings;
    this.areCutsKnown = settings.has(Fault.KNOWN_CUTS);
    this.network = new Network<>(scheduler, random.split(), settings.network(), this::receive);
    long[] ids = LongStream.rangeClosed(1, settings.nodes()).toArray();
    for (long id : ids) {
      nodes.add(newNode(id, ids));
    }
  }

  private ClusterNode newNode(long id, long[] ids) {
    long period = Scheduler.TICK;
    long offset = 0;
    if (settings.has(Fault.DRIFT)) {
      period += random.nextLong(-Scheduler.TICK / 5, Scheduler.TICK / 5 + 1);
      offset = random.nextLong(-CLOCK_OFFSET_MAX_MILLIS, CLOCK_OFFSET_MAX_MILLIS + 1);
    }
    SimulatedStore disk = new SimulatedStore(scheduler, random.split());
    disk.setFaults(Scheduler.TICK / 20, 0);
    return new ClusterNode(this, config(id, ids), disk, period, offset);
  }

  private static ClusterConfig config(long id, long[] ids) {
    ClusterConfig defaults = ClusterConfig.of(CLUSTER, id, ids);
    return new ClusterConfig(
        CLUSTER,
        3,
        new Member(id, 0),
        Configuration.ofNodes(1, ids),
        defaults.addresses(),
        defaults.consensus(),
        new ClusterConfig.Times(
            Duration.ofMillis(10),
            Duration.ofMillis(2_000),
            Duration.ofMillis(300),
            Duration.ofMillis(200),
            Duration.ofMillis(1_500),
            Duration.ofMillis(6_000)),
        new ClusterConfig.Limits(4_096, 64, 3, 1 << 20, 3_000, 4 << 20, 17_000));
  }

  Scheduler scheduler() {
    return scheduler;
  }

  SplittableRandom random() {
    return random;
  }

  /** {@return what compares the commits of the nodes} */
  HistoryProbe probe() {
    return probe;
  }

  TraceHash trace() {
    return trace;
  }

  Network<byte[]> network() {
    return network;
  }

  List<ClusterNode> nodes() {
    return nodes;
  }

  ClusterNode node(long id) {
    return nodes.get((int) id - 1);
  }

  /** {@return a machine that is new, and knows all others} */
  ClusterNode addNode() {
    long id = nodes.size() + 1L;
    ClusterNode added = newNode(id, withMembers(id));
    added.joins(added.config());
    nodes.add(added);
    return added;
  }

  /** A machine loses its disk, and gets an empty one, and a file that says who the members are. */
  void loseDisk(ClusterNode node) {
    node.loseDisk();
    node.joins(config(node.id(), withMembers(node.id())));
  }

  /** Says in the file of a node that joins who the members are now, and starts it with that. */
  void correctFile(ClusterNode node) {
    ClusterConfig corrected = config(node.id(), withMembers(node.id()));
    boolean isRight = corrected.addresses().equals(node.config().addresses());
    node.joins(corrected);
    if (node.isUp() && !isRight) {
      node.crash();
      node.start();
    }
  }

  private long[] withMembers(long id) {
    ClusterMembers now = members();
    LongStream known =
        now == null
            ? nodes.stream().mapToLong(ClusterNode::id) // nobody answers now
            : now.current().stream().mapToLong(entry -> entry.member().node());
    return LongStream.concat(known, LongStream.of(id)).distinct().toArray();
  }

  /** {@return the newest members that a node knows of, or null if none answers} */
  @Nullable ClusterMembers members() {
    return nodes.stream()
        .map(ClusterNode::responsive)
        .filter(Objects::nonNull)
        .map(manager -> manager.status().membership())
        .filter(membership -> membership.standing() != Standing.JOINING)
        .map(NodeStatus.Membership::members)
        .max(Comparator.comparingLong(ClusterMembers::configuration))
        .orElse(null);
  }

  /** {@return the machines that clients try} */
  List<ClusterNode> servers() {
    List<ClusterNode> inside = nodes.stream().filter(node -> !node.isOutside()).toList();
    return inside.isEmpty() ? nodes : inside;
  }

  Set<Defect> defects() {
    return defects;
  }

  /** {@return how often a node took over another one's state} */
  long snapshots() {
    return snapshots;
  }

  long frames() {
    return frames;
  }

  /** {@return whether a transport knows that it reaches a node no more} */
  boolean isKnownToBeCut(int from, int to) {
    return areCutsKnown && !network.links().isUp(from, to);
  }

  void send(ClusterNode from, int to, byte[] frame) {
    long lives = (long) from.life() << 32 | nodes.get(to - 1).life();
    network.send(from.id(), to, frame, lives);
  }

  private void receive(int from, int to, byte[] frame, long lives) {
    ClusterNode receiver = nodes.get(to - 1);
    long now = (long) nodes.get(from - 1).life() << 32 | receiver.life();
    if (now == lives && receiver.knows(from)) {
      frames++;
      trace.add(scheduler.now() * 64 + to);
      trace.add(Arrays.hashCode(frame));
      receiver.receive(from, frame);
    }
  }

  /** A node begins to count anew. */
  void started(ClusterNode node) {
    installed.remove(node.id());
  }

  /**
   * Looks at a node after a turn, when its write has ended: whoever has applied as much must have
   * the same state.
   */
  void applied(ClusterNode node) {
    DistributedCommitManager manager = node.responsive();
    if (manager == null) {
      return;
    }
    NodeStatus status = manager.status();
    snapshots += status.counts().snapshotsInstalled() - installed.getOrDefault(node.id(), 0L);
    installed.put(node.id(), status.counts().snapshotsInstalled());
    int life = node.life();
    long wait = node.disk().busyUntil() - scheduler.now();
    scheduler.after(
        wait,
        () -> {
          if (node.life() == life) {
            compare(node, status);
          }
        });
  }

  private void compare(ClusterNode node, NodeStatus status) {
    Long known = hashes.putIfAbsent(status.appliedIndex(), status.stateHash());
    if (known != null && known != status.stateHash()) {
      throw violation(
          "equal states", "node", node.id(), "differs after", status.appliedIndex(), "entries");
    }
  }

  /** Runs until {@code time}. */
  void runUntil(long time) {
    while (scheduler.runNext(time)) {
      // Everything happens in the events.
    }
  }

  /** Ends all nodes, and releases their memory. */
  void close() {
    nodes.forEach(ClusterNode::crash);
  }

  String describe() {
    StringBuilder text = new StringBuilder();
    nodes.forEach(node -> text.append("\n    ").append(node.describe()));
    return text.toString();
  }
}
