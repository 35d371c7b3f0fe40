package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The goals that Khonsu's clusters have set themselves, and whether they reach them. */
final class ClusterGoals {
  /** Commits in a second with values of 100 bytes, by the number of clients. */
  private static final Map<Integer, Integer> RATES =
      Map.of(1, 1_200, 16, 6_000, 128, 12_000, 1_024, 25_000);

  private static final int SMALL_BYTES = 100;
  private static final double P50_MILLIS_MAX = 0.7;
  private static final double CEILING_SHARE = 0.65;
  private static final double FAILOVER_MILLIS_MAX = 1_000;

  private final List<ClusterMeasurement> measurements;
  private final List<Verdict> verdicts = new ArrayList<>();

  private ClusterGoals(List<ClusterMeasurement> measurements) {
    this.measurements = measurements;
  }

  /** {@return a verdict on every goal whose contenders were measured} */
  static List<Verdict> verdicts(ClusterBenchmark.Result result) {
    ClusterGoals goals = new ClusterGoals(result.measurements());
    for (ClusterMeasurement ours : result.measurements()) {
      if (ours.peer().isKhonsu()) {
        goals.judge(ours);
      }
    }
    for (ClusterBenchmark.Stalls stalls : result.stalls()) {
      if (stalls.peer().isKhonsu()) {
        goals.verdicts.add(
            Verdict.atMost(
                "no other leader after a second's stall",
                stalls.peer().title(),
                stalls.changes(),
                0));
      }
    }
    for (ClusterBenchmark.Failover failover : result.failovers()) {
      if (failover.peer().isKhonsu()) {
        goals.verdicts.add(
            Verdict.atMost(
                "leader kill to next commit <= 1000 ms",
                failover.peer().title(),
                failover.medianMillis(),
                FAILOVER_MILLIS_MAX));
      }
    }
    return List.copyOf(goals.verdicts);
  }

  private void judge(ClusterMeasurement ours) {
    String title = ours.peer().title();
    String setting = ours.setting().title();
    if (ours.setting().valueBytes() == SMALL_BYTES) {
      judgeAlone(ours);
    }
    find(ours, peer -> peer == ours.peer().ceiling())
        .ifPresent(ceiling ->
            verdicts.add(
                Verdict.atLeast(
                    setting + ", >= 0.65 x the ceiling",
                    title,
                    ratio(ours, ceiling),
                    CEILING_SHARE)));
    find(ours, peer -> isRival(ours.peer(), peer))
        .ifPresent(rival ->
            verdicts.add(
                Verdict.atLeast(
                    setting + ", >= the best peer, " + rival.peer().title(),
                    title,
                    ratio(ours, rival),
                    1)));
    leastCpu(ours)
        .ifPresent(rival ->
            verdicts.add(
                Verdict.atMost(
                    setting + ", CPU per commit <= that of " + rival.peer().title(),
                    title,
                    ours.cpuNanosPerCommit() / rival.cpuNanosPerCommit(),
                    1)));
  }

  private void judgeAlone(ClusterMeasurement ours) {
    int clients = ours.setting().clients();
    Integer least = RATES.get(clients);
    if (least != null) {
      verdicts.add(
          Verdict.atLeast(
              ours.setting().title() + ", >= " + least + " commits/s",
              ours.peer().title(),
              ours.medianPerSecond(),
              least));
    }
    if (clients == 1) {
      verdicts.add(
          Verdict.atMost(
              ours.setting().title() + ", p50 <= 0.7 ms",
              ours.peer().title(),
              ours.latencyNanos(0.5) / 1e6,
              P50_MILLIS_MAX));
    }
  }

  /** Clients are held against clients, and who is in the leader against others there. */
  private static boolean isRival(ClusterPeer ours, ClusterPeer peer) {
    return !peer.isKhonsu() && !peer.isLimit() && peer.way() == ours.way();
  }

  private static double ratio(ClusterMeasurement ours, ClusterMeasurement theirs) {
    return ours.medianPerSecond() / theirs.medianPerSecond();
  }

  private Optional<ClusterMeasurement> find(
      ClusterMeasurement beside, Predicate<ClusterPeer> wanted) {
    return measurements.stream()
        .filter(m -> m.setting().equals(beside.setting()) && wanted.test(m.peer()))
        .max(Comparator.comparingDouble(ClusterMeasurement::medianPerSecond));
  }

  private Optional<ClusterMeasurement> leastCpu(ClusterMeasurement beside) {
    return measurements.stream()
        .filter(m -> m.setting().equals(beside.setting()) && isRival(beside.peer(), m.peer()))
        .min(Comparator.comparingDouble(ClusterMeasurement::cpuNanosPerCommit));
  }
}
