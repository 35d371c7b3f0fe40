package io.khonsu.simulation;

import static io.khonsu.simulation.Activity.READS;
import static io.khonsu.simulation.Activity.RECONFIGURATION;
import static io.khonsu.simulation.Activity.SNAPSHOTS;
import static io.khonsu.simulation.Activity.STOP_SIGN;
import static io.khonsu.simulation.Activity.TAKEOVERS;
import static io.khonsu.simulation.Activity.TRIM;
import static io.khonsu.simulation.Fault.CRASHES;
import static io.khonsu.simulation.Fault.DISK_LOSS;
import static io.khonsu.simulation.Fault.DRIFT;
import static io.khonsu.simulation.Fault.FAILED_SYNC;
import static io.khonsu.simulation.Fault.ONE_WAY_CUTS;
import static io.khonsu.simulation.Fault.PARTITIONS;
import static io.khonsu.simulation.Fault.PAUSES;
import static io.khonsu.simulation.Fault.POWER_LOSS;
import static io.khonsu.simulation.Fault.SLOW_DISK;

import java.util.List;
import java.util.stream.Stream;

/** All families of runs. */
final class Families {
  private static final NetworkFaults CALM = NetworkFaults.NONE;
  private static final long JITTER = 4 * Scheduler.TICK;

  /** Everything a network can do. */
  private static final NetworkFaults WILD =
      CALM.withLoss(0.03).withDuplication(0.05).withReordering(JITTER);

  /** Families of single faults and their combinations. */
  static final List<Settings> BASIC =
      List.of(
          family("partitions-3", 3).with(PARTITIONS),
          family("partitions-5", 5).with(PARTITIONS),
          family("crashes-3", 3).with(CRASHES),
          family("crashes-5", 5).with(CRASHES),
          family("partitions-crashes-3", 3).with(PARTITIONS, CRASHES),
          family("partitions-crashes-5", 5).with(PARTITIONS, CRASHES),
          family("loss-1-3", 3).with(CALM.withLoss(0.01)),
          family("loss-2-5", 5).with(CALM.withLoss(0.02)),
          family("loss-5-3", 3).with(CALM.withLoss(0.05)),
          family("loss-10-3", 3).with(CALM.withLoss(0.10)),
          family("loss-3-partitions-crashes-5", 5)
              .with(CALM.withLoss(0.03))
              .with(Shape.of(5).withBatch(3))
              .with(PARTITIONS, CRASHES),
          family("duplication-3", 3).with(CALM.withDuplication(0.10)),
          family("reordering-3", 3).with(CALM.withReordering(JITTER)),
          family("all-5", 5).with(WILD).with(PARTITIONS, CRASHES),
          family("all-batch-7-5", 5)
              .with(WILD)
              .with(Shape.of(5).withBatch(7))
              .with(PARTITIONS, CRASHES),
          family("all-flexible-5", 5)
              .with(WILD)
              .with(Shape.of(5).withQuorums(4, 2))
              .with(PARTITIONS, CRASHES),
          family("partitions-crashes-flexible-5", 5)
              .with(Shape.of(5).withQuorums(4, 2))
              .with(PARTITIONS, CRASHES),
          family("snapshots-partitions-3", 3).with(PARTITIONS).with(SNAPSHOTS),
          family("snapshots-partitions-crashes-5", 5).with(PARTITIONS, CRASHES).with(SNAPSHOTS),
          family("snapshots-all-5", 5).with(WILD).with(PARTITIONS, CRASHES).with(SNAPSHOTS),
          family("snapshots-all-batch-4-3", 3)
              .with(WILD)
              .with(Shape.of(3).withBatch(4))
              .with(PARTITIONS, CRASHES)
              .with(SNAPSHOTS),
          family("trim-partitions-3", 3).with(PARTITIONS).with(TRIM),
          family("trim-partitions-crashes-5", 5).with(PARTITIONS, CRASHES).with(TRIM),
          family("trim-all-5", 5).with(WILD).with(PARTITIONS, CRASHES).with(TRIM),
          family("stop-sign-3", 3).with(STOP_SIGN),
          family("stop-sign-partitions-crashes-3", 3).with(PARTITIONS, CRASHES).with(STOP_SIGN),
          family("stop-sign-partitions-crashes-5", 5).with(PARTITIONS, CRASHES).with(STOP_SIGN),
          family("stop-sign-partitions-crashes-snapshots-5", 5)
              .with(PARTITIONS, CRASHES)
              .with(STOP_SIGN, SNAPSHOTS),
          family("stop-sign-partitions-crashes-trim-5", 5)
              .with(PARTITIONS, CRASHES)
              .with(STOP_SIGN, TRIM),
          family("stop-sign-loss-3-3", 3).with(CALM.withLoss(0.03)).with(STOP_SIGN),
          family("stop-sign-all-snapshots-5", 5)
              .with(WILD)
              .with(PARTITIONS, CRASHES)
              .with(STOP_SIGN, SNAPSHOTS));

  /** Families of what is beyond: disks, clocks, limits, membership, reads, other sizes. */
  static final List<Settings> EXTENDED =
      List.of(
          family("one-way-5", 5).with(ONE_WAY_CUTS, PARTITIONS).with(READS),
          family("disk-3", 3).with(CRASHES, POWER_LOSS, SLOW_DISK, FAILED_SYNC),
          family("disk-all-5", 5)
              .with(WILD)
              .with(PARTITIONS, CRASHES, POWER_LOSS, SLOW_DISK, FAILED_SYNC)
              .with(SNAPSHOTS, READS),
          family("clocks-5", 5).with(DRIFT, PAUSES, PARTITIONS, ONE_WAY_CUTS).with(READS),
          family("past-crash-5", 5)
              .with(WILD.withDeliveryPastCrash())
              .with(PARTITIONS, CRASHES)
              .with(TRIM, READS),
          // With narrow limits, who is far behind fetches half a kilobyte in each round trip.
          family("limits-3", 3)
              .with(CALM.withLoss(0.02))
              .with(Limits.NARROW)
              .with(PARTITIONS, CRASHES)
              .with(SNAPSHOTS)
              .withTicks(4600, 1200),
          family("limits-all-5", 5)
              .with(WILD)
              .with(Limits.NARROW)
              .with(PARTITIONS, CRASHES, SLOW_DISK)
              .with(SNAPSHOTS, TRIM, STOP_SIGN)
              .withTicks(4600, 1200),
          family("reads-all-5", 5)
              .with(WILD)
              .with(PARTITIONS, CRASHES, PAUSES)
              .with(READS, TAKEOVERS),
          family("takeovers-3", 3).with(CALM.withLoss(0.01)).with(TAKEOVERS, READS),
          family("short-resend-3", 3)
              .with(CALM.withReordering(JITTER))
              .with(Shape.of(3).withResendTicks(2))
              .with(TRIM),
          family("single-1", 1).with(CRASHES, SLOW_DISK).with(READS, SNAPSHOTS, STOP_SIGN),
          family("two-2", 2).with(PARTITIONS, CRASHES).with(READS, TRIM),
          family("four-flexible-4", 4)
              .with(WILD)
              .with(Shape.of(4).withQuorums(3, 2))
              .with(PARTITIONS, CRASHES)
              .with(READS),
          family("unanimous-3", 3)
              .with(CALM.withLoss(0.02))
              .with(Shape.of(3).withQuorums(1, 3))
              .with(CRASHES, POWER_LOSS, SLOW_DISK),
          family("nine-9", 9).with(CALM.withLoss(0.02)).with(PARTITIONS, CRASHES).with(SNAPSHOTS),
          family("members-3", 3).with(RECONFIGURATION, READS),
          family("members-crashes-3", 3).with(PARTITIONS, CRASHES).with(RECONFIGURATION, READS),
          family("members-snapshots-5", 5)
              .with(PARTITIONS, CRASHES)
              .with(RECONFIGURATION, SNAPSHOTS, READS),
          family("members-all-5", 5)
              .with(WILD)
              .with(PARTITIONS, CRASHES, POWER_LOSS, SLOW_DISK, PAUSES)
              .with(RECONFIGURATION, SNAPSHOTS, TRIM, READS),
          family("members-limits-3", 3)
              .with(CALM.withLoss(0.02))
              .with(Limits.NARROW)
              .with(PARTITIONS, CRASHES)
              .with(RECONFIGURATION, SNAPSHOTS)
              .withTicks(4600, 1200),
          family("disk-loss-3", 3).with(CRASHES, DISK_LOSS).with(RECONFIGURATION, READS),
          family("disk-loss-all-5", 5)
              .with(WILD)
              .with(PARTITIONS, CRASHES, DISK_LOSS, SLOW_DISK)
              .with(RECONFIGURATION, SNAPSHOTS, READS));

  private Families() {}

  static List<Settings> all() {
    return Stream.concat(BASIC.stream(), EXTENDED.stream()).toList();
  }

  /**
   * {@return the family of this name}
   *
   * @throws IllegalArgumentException if there is none
   */
  static Settings named(String name) {
    return all().stream()
        .filter(settings -> settings.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "no family is called "
                    + name
                    + "; there are "
                    + all().stream().map(Settings::name).toList()));
  }

  private static Settings family(String name, int replicas) {
    return Settings.of(name, replicas);
  }
}
