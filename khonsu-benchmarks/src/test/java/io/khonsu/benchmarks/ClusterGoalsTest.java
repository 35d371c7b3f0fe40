package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterGoalsTest {
  private static final ClusterLoad.Setting ONE = new ClusterLoad.Setting(1, 100);

  private static ClusterMeasurement measured(
      ClusterPeer peer, int commits, long latencyNanos, long cpuNanos) {
    Work work = new Work();
    work.commits = commits;
    work.cpuNanos = cpuNanos * commits;
    Histogram latencies = new Histogram();
    latencies.record(latencyNanos);
    ClusterMeasurement measurement = new ClusterMeasurement(peer, ONE);
    measurement.add(new Rounds.Round(work, 1_000_000_000, latencies));
    return measurement;
  }

  private static List<Verdict> verdicts(int changes, ClusterMeasurement... measurements) {
    return ClusterGoals.verdicts(
        new ClusterBenchmark.Result(
            List.of(),
            List.of(measurements),
            List.of(new ClusterBenchmark.Stalls(ClusterPeer.KHONSU, 5, changes)),
            List.of(new ClusterBenchmark.Failover(ClusterPeer.KHONSU, List.of(3_000L, 1L, 2L))),
            Map.of()));
  }

  @Test
  void verdicts_ofTheBest_areReached() {
    assertThat(
            verdicts(
                0,
                measured(ClusterPeer.KHONSU, 1_300, 600_000, 100),
                measured(ClusterPeer.ETCD, 1_000, 800_000, 200),
                measured(ClusterPeer.CEILING, 2_000, 500_000, 50)))
        .hasSize(7)
        .allMatch(Verdict::reached);
  }

  @Test
  void verdicts_ofTheSlowest_areMissed() {
    assertThat(
            verdicts(
                1,
                measured(ClusterPeer.KHONSU, 999, 900_000, 300),
                measured(ClusterPeer.ETCD, 1_000, 800_000, 200),
                measured(ClusterPeer.CEILING, 2_000, 500_000, 50)))
        .filteredOn(verdict -> !verdict.reached())
        .hasSize(6);
  }
}
