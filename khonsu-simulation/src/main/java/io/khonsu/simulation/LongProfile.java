package io.khonsu.simulation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The long profile: {@value #ROUNDS} rounds, each with some new seeds of every family and of every
 * partition that stays. After a round the sums of all rounds are told, so that whoever stops it
 * knows what was run.
 */
public final class LongProfile {
  /** No seed from here on was used while the protocol was written. */
  public static final long HELD_OUT = 2_000_001;

  /** How many rounds there are. */
  public static final int ROUNDS = 30;

  /** Seeds of a round for the families of single faults and their combinations. */
  private static final int BASIC_SEEDS = 100;

  private static final int EXTENDED_SEEDS = 10;
  private static final int PARTITION_SEEDS = 10;

  /** What a stale synchronization can do shows in few runs: this family needs a thousand. */
  private static final String STALE_SYNC_FAMILY = "short-resend-3";

  private static final int STALE_SYNC_SEEDS = 34;

  /** How long a message takes: 0.01, 0.2 and 0.45 election timeouts. */
  private static final List<Long> DELAYS = List.of(10L, 200L, 450L);

  private final long firstSeed;
  private final int part;
  private final Consumer<String> lines;
  private final Map<String, Sums> sums = new LinkedHashMap<>();
  private final Map<Measure, List<PartitionRun.Measured>> partitions = new LinkedHashMap<>();
  private int failures;

  private record Measure(Partition partition, long delay) {}

  private record Sums(long runs, int failed, RunReport.Counts counts) {
    private static final Sums NONE = new Sums(0, 0, RunReport.Counts.NONE);

    private Sums plus(long moreRuns, int moreFailed, RunReport.Counts more) {
      return new Sums(runs + moreRuns, failed + moreFailed, counts.plus(more));
    }

    private Sums plus(Sums other) {
      return plus(other.runs, other.failed, other.counts);
    }

    private String line(String name) {
      return String.format(
          Locale.ROOT,
          "%-44s runs %,d  failed %d  steps %,d  messages %,d  faults %,d  decided %,d "
              + " configurations %,d  reads %,d  settled within %d ticks",
          name,
          runs,
          failed,
          counts.steps(),
          counts.messages(),
          counts.faults(),
          counts.decided(),
          counts.configurations(),
          counts.reads(),
          counts.settledTicks());
    }
  }

  private LongProfile(long firstSeed, int part, Consumer<String> lines) {
    this.firstSeed = firstSeed;
    this.part = part;
    this.lines = lines;
  }

  /**
   * Runs all of it.
   *
   * @param firstSeed the first seed of every family; {@link #HELD_OUT} if there is no other wish
   * @param lines takes what is told: failed runs at once, sums after every round
   * @return how many runs failed
   */
  public static int run(long firstSeed, Consumer<String> lines) {
    return run(firstSeed, ROUNDS, 1, lines);
  }

  /** As {@link #run(long, Consumer)}, fewer rounds with only a part of the seeds, at least one. */
  static int run(long firstSeed, int rounds, int part, Consumer<String> lines) {
    LongProfile profile = new LongProfile(firstSeed, part, lines);
    for (int round = 0; round < rounds; round++) {
      profile.round(round);
    }
    return profile.failures;
  }

  private void round(int round) {
    for (Settings family : Families.all()) {
      int seeds = share(seeds(family));
      families(family, firstSeed + (long) round * seeds, seeds);
    }
    for (Partition partition : Partition.values()) {
      for (long delay : DELAYS) {
        partitions(partition, delay, firstSeed + (long) round * share(PARTITION_SEEDS));
      }
    }
    lines.accept("After round " + (round + 1) + " of " + ROUNDS + ", seeds from " + firstSeed);
    Sums all = Sums.NONE;
    for (Map.Entry<String, Sums> family : sums.entrySet()) {
      lines.accept(family.getValue().line(family.getKey()));
      all = all.plus(family.getValue());
    }
    lines.accept(all.line("all"));
    partitions.forEach((measure, runs) ->
        lines.accept(PartitionRun.summary(measure.partition(), measure.delay(), runs)));
  }

  private int share(int seeds) {
    return Math.max(1, seeds / part);
  }

  private static int seeds(Settings family) {
    if (family.name().equals(STALE_SYNC_FAMILY)) {
      return STALE_SYNC_SEEDS;
    }
    return Families.BASIC.contains(family) ? BASIC_SEEDS : EXTENDED_SEEDS;
  }

  private void families(Settings family, long first, int seeds) {
    RunReport.Counts counts = RunReport.Counts.NONE;
    int failed = 0;
    for (long seed = first; seed < first + seeds; seed++) {
      RunReport report = SimulationRun.run(family, seed, Breakage.NONE);
      counts = counts.plus(report.counts());
      if (!report.passed()) {
        failed++;
        lines.accept(report.toString());
      }
    }
    failures += failed;
    Sums before = sums.getOrDefault(family.name(), Sums.NONE);
    sums.put(family.name(), before.plus(seeds, failed, counts));
  }

  private void partitions(Partition partition, long delay, long first) {
    List<PartitionRun.Measured> runs =
        partitions.computeIfAbsent(new Measure(partition, delay), _ -> new ArrayList<>());
    for (long seed = first; seed < first + share(PARTITION_SEEDS); seed++) {
      try {
        PartitionRun.Measured measured = PartitionRun.run(partition, delay, seed, Breakage.NONE);
        runs.add(measured);
        if (partition.allows(measured, delay)) {
          continue;
        }
        lines.accept(partition.title() + " seed " + seed + " FAILED: too late, " + measured);
      } catch (InvariantViolation e) {
        lines.accept(partition.title() + " seed " + seed + " FAILED: " + e.getMessage());
      }
      failures++;
    }
  }
}
