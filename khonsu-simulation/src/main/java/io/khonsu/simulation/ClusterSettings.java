package io.khonsu.simulation;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A family of runs of whole nodes: what is simulated, before a seed decides the rest.
 *
 * @param name how it is called on the command line
 * @param nodes how many nodes
 * @param network what the network does to messages
 * @param faults what else goes wrong
 * @param membership whether others become members
 * @param ticks how long a run is
 * @param quietTicks the last part of it, without faults, in which everything must be answered
 */
record ClusterSettings(
    String name,
    int nodes,
    NetworkFaults network,
    Set<Fault> faults,
    Membership membership,
    int ticks,
    int quietTicks) {
  private static final NetworkFaults CALM = NetworkFaults.NONE.withDelay(Scheduler.TICK / 20);
  private static final NetworkFaults WILD =
      CALM.withLoss(0.03).withDuplication(0.05).withReordering(2 * Scheduler.TICK);

  /** Whether the members of the cluster change. */
  enum Membership {
    FIXED,
    CHANGING
  }

  /** All families. */
  static final List<ClusterSettings> ALL =
      List.of(
          of("calm-1", 1),
          of("calm-3", 3),
          of("crashes-1", 1, Fault.CRASHES, Fault.SLOW_DISK),
          of("crashes-3", 3, Fault.CRASHES, Fault.SLOW_DISK),
          of("power-loss-3", 3, Fault.POWER_LOSS, Fault.SLOW_DISK),
          of("partitions-3", 3, Fault.PARTITIONS, Fault.ONE_WAY_CUTS),
          of("partitions-5", 5, Fault.PARTITIONS, Fault.ONE_WAY_CUTS),
          of("detours-3", 3, Fault.PARTITIONS, Fault.ONE_WAY_CUTS, Fault.KNOWN_CUTS),
          of("detours-5", 5, Fault.PARTITIONS, Fault.ONE_WAY_CUTS, Fault.KNOWN_CUTS, Fault.CRASHES),
          of("pauses-3", 3, Fault.PAUSES, Fault.DRIFT),
          of("disks-3", 3, Fault.SLOW_DISK, Fault.FAILED_SYNC, Fault.CRASHES),
          of("wild-3", 3, Fault.CRASHES).with(WILD),
          of(
                  "all-3",
                  3,
                  Fault.CRASHES,
                  Fault.POWER_LOSS,
                  Fault.PARTITIONS,
                  Fault.ONE_WAY_CUTS,
                  Fault.PAUSES,
                  Fault.DRIFT,
                  Fault.SLOW_DISK,
                  Fault.FAILED_SYNC)
              .with(WILD),
          of(
                  "all-5",
                  5,
                  Fault.CRASHES,
                  Fault.POWER_LOSS,
                  Fault.PARTITIONS,
                  Fault.ONE_WAY_CUTS,
                  Fault.PAUSES,
                  Fault.DRIFT,
                  Fault.SLOW_DISK)
              .with(WILD),
          of("members-1", 1, Fault.CRASHES, Fault.SLOW_DISK).changing(),
          of("members-3", 3, Fault.CRASHES, Fault.SLOW_DISK).changing(),
          of("members-cut-3", 3, Fault.PARTITIONS, Fault.ONE_WAY_CUTS).changing(),
          of(
                  "members-all-3",
                  3,
                  Fault.CRASHES,
                  Fault.POWER_LOSS,
                  Fault.PARTITIONS,
                  Fault.ONE_WAY_CUTS,
                  Fault.PAUSES,
                  Fault.DRIFT,
                  Fault.SLOW_DISK)
              .with(WILD)
              .changing());

  /** Takes a copy. */
  ClusterSettings {
    faults = Set.copyOf(faults);
  }

  private static ClusterSettings of(String name, int nodes, Fault... faults) {
    Set<Fault> all = EnumSet.noneOf(Fault.class);
    all.addAll(List.of(faults));
    return new ClusterSettings(name, nodes, CALM, all, Membership.FIXED, 1800, 900);
  }

  private ClusterSettings with(NetworkFaults other) {
    return new ClusterSettings(name, nodes, other, faults, membership, ticks, quietTicks);
  }

  /** Changes take a while, and are made one after the other. */
  private ClusterSettings changing() {
    return new ClusterSettings(name, nodes, network, faults, Membership.CHANGING, 3200, 1200);
  }

  /**
   * {@return the family of a name}
   *
   * @throws IllegalArgumentException if there is none
   */
  static ClusterSettings named(String name) {
    return ALL.stream()
        .filter(settings -> settings.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no family is called " + name));
  }

  boolean has(Fault fault) {
    return faults.contains(fault);
  }
}
