package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.Event;
import io.khonsu.consensus.Input;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * One partition that comes and stays: how long until something new is decided, and how often the
 * leader changes. All times are in ticks.
 */
final class PartitionRun implements World.Listener {
  /**
   * What was measured.
   *
   * @param recovery from the partition until the first entry proposed after it was decided
   * @param leaderChanges how many ballots began to lead after the partition
   * @param lastChange when the last of them did, after the partition
   */
  record Measured(double recovery, int leaderChanges, double lastChange) {}

  /** The length of an election timeout. */
  static final int ELECTION_TICKS = 10;

  private static final long TICK = Scheduler.TICK;
  private static final int WARM_UP_TICKS = 20 * ELECTION_TICKS;
  private static final int PARTITION_TICKS = 45 * ELECTION_TICKS;
  private static final int HEALED_TICKS = 15 * ELECTION_TICKS;

  private final Partition partition;
  private final World world;
  private final SplittableRandom random;
  private int leader;
  private long measuredFrom = Long.MAX_VALUE;
  private long struck = Long.MAX_VALUE;
  private long proposedBefore = Long.MAX_VALUE;
  private long recovered = -1;
  private int changes;
  private long lastChange;

  private PartitionRun(Partition partition, long delay, long seed, Breakage breakage) {
    this.partition = partition;
    Settings settings =
        Settings.of(partition.title(), partition.replicas()).with(partition.network(delay));
    this.world = new World(settings, breakage, seed);
    this.random = world.random().split();
    world.setDisk(0, 0);
    world.listen(this);
  }

  /**
   * {@return what happened in one run}
   *
   * @param delay how long a message takes, in hundredths of a tick
   */
  static Measured run(Partition partition, long delay, long seed, Breakage breakage) {
    return new PartitionRun(partition, delay, seed, breakage).run();
  }

  @Override
  public void happened(SimulatedNode node, Event event) {
    if (event instanceof Event.BecameLeader) {
      leader = node.id();
      if (world.scheduler().now() >= struck) {
        changes++;
        lastChange = world.scheduler().now() - struck;
      }
    }
  }

  @Override
  public void applied(SimulatedNode node, int before) {
    if (recovered < 0 && before < node.applied().length() && struck != Long.MAX_VALUE) {
      long newest = node.applied().entry(node.applied().length() - 1);
      if (Payload.sequence(newest) > proposedBefore) {
        recovered = world.scheduler().now() - struck;
      }
    }
  }

  private Measured run() {
    world.bootstrap();
    world.runUntil(WARM_UP_TICKS * TICK + random.nextLong(ELECTION_TICKS * TICK));
    if (leader <= 0) {
      throw violation("liveness", "no leader on a whole network");
    }
    int pivot = other(leader);
    int oldLeader = leader;
    measuredFrom = world.scheduler().now();
    propose();
    partition.prepare(world.network().links(), leader, pivot);
    world.runUntil(world.scheduler().now() + ELECTION_TICKS * TICK / 2);
    if (leader != oldLeader) {
      throw violation("liveness", "the leader changed before the partition");
    }
    struck = world.scheduler().now();
    proposedBefore = world.payload().proposals();
    partition.strike(world, leader, pivot, random);
    world.runUntil(struck + PARTITION_TICKS * TICK);
    if (recovered < 0) {
      throw violation("liveness", "nothing decided during the partition");
    }
    Measured measured =
        new Measured(recovered / (double) TICK, changes, lastChange / (double) TICK);
    heal();
    return measured;
  }

  private void heal() {
    world.network().links().healAll();
    world.nodes().stream().filter(node -> !node.isUp()).forEach(SimulatedNode::restart);
    world.runUntil(world.scheduler().now() + HEALED_TICKS * TICK);
    int decided = world.invariants().decidedMax();
    for (SimulatedNode node : world.nodes()) {
      if (!(node.applied().length() > decided - 50)) {
        throw violation(
            "liveness",
            node.member(),
            "lags after the partition:",
            node.applied().length(),
            "of",
            decided);
      }
    }
  }

  /** Proposes at every replica, for ever; once a tick while it matters when it is decided. */
  private void propose() {
    boolean isMeasuring = recovered < 0 && world.scheduler().now() >= measuredFrom;
    for (SimulatedNode node : world.nodes()) {
      if (node.isResponsive()) {
        node.input(new Input.Propose(Payload.entries(List.of(world.payload().next(8)))));
      }
    }
    world.scheduler().after(isMeasuring ? TICK : 10 * TICK, this::propose);
  }

  private int other(int id) {
    List<Integer> ids = world.ids().stream().filter(each -> each != id).toList();
    return ids.get(random.nextInt(ids.size()));
  }

  /** {@return one line about many runs: minimum, median and maximum} */
  static String summary(Partition partition, long delay, List<Measured> runs) {
    double[] times = runs.stream().mapToDouble(Measured::recovery).sorted().toArray();
    int[] changes = runs.stream().mapToInt(Measured::leaderChanges).sorted().toArray();
    double last = runs.stream().mapToDouble(Measured::lastChange).max().orElse(0);
    return String.format(
        Locale.ROOT,
        "%-32s delay %.2f ET  runs %d  recovery %.1f / %.1f / %.1f ET  leaders %d / %d / %d  last"
            + " change %.1f ET",
        partition.title(),
        delay / (double) (TICK * ELECTION_TICKS),
        runs.size(),
        times[0] / ELECTION_TICKS,
        times[times.length / 2] / ELECTION_TICKS,
        times[times.length - 1] / ELECTION_TICKS,
        changes[0],
        changes[changes.length / 2],
        changes[changes.length - 1],
        last / ELECTION_TICKS);
  }
}
