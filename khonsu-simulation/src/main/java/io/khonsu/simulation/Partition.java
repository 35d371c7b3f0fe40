package io.khonsu.simulation;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A way in which a network that had a stable leader breaks, and stays broken: the scenarios of
 * partial connectivity, from the OmniPaxos paper, and what is worse.
 */
enum Partition {
  /** The leader hears only one follower, and that one hears all. */
  QUORUM_LOSS("quorum-loss-5", 5),
  /** As the former, and every message arrives twice. */
  QUORUM_LOSS_DUPLICATES("quorum-loss-duplicates-5", 5),
  /** As the first, but the leader can still be heard by all; it hears one. */
  QUORUM_LOSS_ONE_WAY("quorum-loss-one-way-5", 5),
  /** The only replica that hears a quorum has an old log, and the leader is cut off. */
  CONSTRAINED_ELECTION("constrained-election-5", 5),
  /** As the former, but the leader can still be heard. */
  CONSTRAINED_ELECTION_ONE_WAY("constrained-election-one-way-5", 5),
  /** Three in a row, the leader at an end. */
  CHAINED("chained-3", 3),
  /** The other end does not hear the leader, which hears it. */
  CHAINED_ONE_WAY("chained-one-way-3", 3),
  /** The leader crashes. */
  LEADER_CRASH_3("leader-crash-3", 3),
  /** The leader crashes. */
  LEADER_CRASH_5("leader-crash-5", 5),
  /** The leader sends, and hears nobody. */
  LEADER_DEAF("leader-deaf-5", 5),
  /** The leader hears all, and nobody hears it. */
  LEADER_MUTE("leader-mute-5", 5),
  /** Every link is up or down, for good. */
  RANDOM_3("random-graph-3", 3),
  /** Every link is up or down, for good. */
  RANDOM_5("random-graph-5", 5),
  /** Every link is up or down, for good. */
  RANDOM_7("random-graph-7", 7),
  /** Every direction of every link is up or down, for good. */
  RANDOM_ONE_WAY_5("random-one-way-graph-5", 5),
  /** Every direction of every link is up or down, for good. */
  RANDOM_ONE_WAY_7("random-one-way-graph-7", 7);

  private final String title;
  private final int replicas;

  Partition(String title, int replicas) {
    this.title = title;
    this.replicas = replicas;
  }

  /** {@return how the scenario is called} */
  String title() {
    return title;
  }

  int replicas() {
    return replicas;
  }

  /** {@return the network in which it happens, whose messages take {@code delay}} */
  NetworkFaults network(long delay) {
    NetworkFaults network = NetworkFaults.NONE.withDelay(delay);
    return this == QUORUM_LOSS_DUPLICATES ? network.withDuplication(1) : network;
  }

  /**
   * {@return whether a run recovered in time, and its leaders did not change without need}
   *
   * <p>The bounds hold where a message takes at most a twentieth of an election timeout; where it
   * takes longer, only that leaders come to rest is asked for.
   */
  boolean allows(PartitionRun.Measured measured, long delay) {
    double timeouts = measured.recovery() / PartitionRun.ELECTION_TICKS;
    boolean rests = measured.lastChange() <= 30 * PartitionRun.ELECTION_TICKS;
    boolean isFast = delay > Scheduler.TICK / 2 || timeouts <= bound();
    boolean isChained = this == CHAINED || this == CHAINED_ONE_WAY;
    return rests && isFast && measured.leaderChanges() <= (isChained ? 0 : replicas);
  }

  /** {@return after how many election timeouts something must have been decided} */
  private double bound() {
    return switch (this) {
      case RANDOM_3, RANDOM_5, RANDOM_7, RANDOM_ONE_WAY_5, RANDOM_ONE_WAY_7 -> 6;
      default -> 4.1;
    };
  }

  /** Cuts links before the partition proper, so that {@code pivot} falls behind. */
  void prepare(Links links, int leader, int pivot) {
    if (this == CONSTRAINED_ELECTION || this == CONSTRAINED_ELECTION_ONE_WAY) {
      links.cutBothWays(leader, pivot);
    }
  }

  /** Breaks the network. */
  void strike(World world, int leader, int pivot, SplittableRandom random) {
    Links links = world.network().links();
    List<Integer> ids = world.ids();
    switch (this) {
      case QUORUM_LOSS, QUORUM_LOSS_DUPLICATES -> links.star(ids, pivot);
      case QUORUM_LOSS_ONE_WAY -> {
        links.star(ids, pivot);
        others(ids, leader).forEach(id -> links.joinOneWay(leader, id));
      }
      case CONSTRAINED_ELECTION -> constrain(links, ids, leader, pivot);
      case CONSTRAINED_ELECTION_ONE_WAY -> {
        constrain(links, ids, leader, pivot);
        others(ids, leader).forEach(id -> links.joinOneWay(leader, id));
      }
      case CHAINED -> links.cutBothWays(leader, third(ids, leader, pivot));
      case CHAINED_ONE_WAY -> links.cutOneWay(leader, third(ids, leader, pivot));
      case LEADER_CRASH_3, LEADER_CRASH_5 -> world.node(leader).crash();
      case LEADER_DEAF -> links.deafen(ids, leader);
      case LEADER_MUTE -> links.silence(ids, leader);
      case RANDOM_3, RANDOM_5, RANDOM_7 ->
          withQuorum(links, ids, () -> links.randomGraph(ids, up(random), random));
      case RANDOM_ONE_WAY_5, RANDOM_ONE_WAY_7 ->
          withQuorum(links, ids, () -> links.randomOneWayGraph(ids, up(random), random));
    }
  }

  private static void constrain(Links links, List<Integer> ids, int leader, int pivot) {
    links.star(ids, pivot);
    links.isolate(ids, leader);
  }

  private static double up(SplittableRandom random) {
    return random.nextBoolean() ? 0.4 : 0.6;
  }

  /** Draws graphs until somebody is connected to a majority, both ways. */
  private static void withQuorum(Links links, List<Integer> ids, Runnable draw) {
    do {
      draw.run();
    } while (ids.stream().noneMatch(id -> links.connectivity(ids, id) > ids.size() / 2));
  }

  private static List<Integer> others(List<Integer> ids, int except) {
    return ids.stream().filter(id -> id != except).toList();
  }

  private static int third(List<Integer> ids, int leader, int pivot) {
    return ids.stream().filter(id -> id != leader && id != pivot).findFirst().orElseThrow();
  }
}
