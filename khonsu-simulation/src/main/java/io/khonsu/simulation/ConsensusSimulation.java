package io.khonsu.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Simulated runs of consensus clusters: the way in. */
public final class ConsensusSimulation {
  private ConsensusSimulation() {}

  /** {@return the names of all families of runs} */
  public static List<String> families() {
    return Families.all().stream().map(Settings::name).toList();
  }

  /** {@return the names of all defects that can be planted, to see whether they are noticed} */
  public static List<String> defects() {
    return Breakage.names();
  }

  /**
   * {@return what happened in one run}
   *
   * @param family one of {@link #families}
   * @param defect one of {@link #defects}, or an empty text
   * @throws IllegalArgumentException if there is no such family or defect
   */
  public static RunReport run(String family, long seed, String defect) {
    return SimulationRun.run(Families.named(family), seed, breakage(defect));
  }

  /** As {@link #run}, and tells {@code narrator} everything that happens, line by line. */
  public static RunReport narrate(
      String family, long seed, String defect, Consumer<String> narrator) {
    return SimulationRun.narrated(Families.named(family), seed, breakage(defect), narrator);
  }

  /**
   * Runs each scenario of partial connectivity with some seeds.
   *
   * @param firstSeed the first seed
   * @param lastSeed the last seed, included
   * @param delay how long a message takes, in hundredths of a tick; an election timeout is 1000
   * @param lines takes one line for each scenario: minimum, median and maximum
   * @return how many runs broke an invariant, did not recover, or took longer than allowed
   */
  public static int partitions(long firstSeed, long lastSeed, long delay, Consumer<String> lines) {
    int failures = 0;
    for (Partition partition : Partition.values()) {
      List<PartitionRun.Measured> runs = new ArrayList<>();
      for (long seed = firstSeed; seed <= lastSeed; seed++) {
        try {
          PartitionRun.Measured measured = PartitionRun.run(partition, delay, seed, Breakage.NONE);
          runs.add(measured);
          failures += partition.allows(measured, delay) ? 0 : 1;
        } catch (InvariantViolation e) {
          failures++;
          lines.accept(partition.title() + " seed " + seed + " FAILED: " + e.getMessage());
        }
      }
      if (!runs.isEmpty()) {
        lines.accept(PartitionRun.summary(partition, delay, runs));
      }
    }
    return failures;
  }

  private static Breakage breakage(String defect) {
    return defect.isEmpty() ? Breakage.NONE : Breakage.named(defect);
  }
}
