package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
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
                measured(ClusterPeer.JRAFT, 1_000, 800_000, 200),
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
                measured(ClusterPeer.JRAFT, 1_000, 800_000, 200),
                measured(ClusterPeer.CEILING, 2_000, 500_000, 50)))
        .filteredOn(verdict -> !verdict.reached())
        .hasSize(6);
  }

  @Test
  void verdicts_ofLeaderAndClient_areBesideThoseOfTheSameWay() {
    List<Verdict> verdicts =
        verdicts(
            0,
            measured(ClusterPeer.KHONSU, 1_300, 600_000, 100),
            measured(ClusterPeer.KHONSU_CLIENT, 1_200, 650_000, 150),
            measured(ClusterPeer.RATIS, 1_000, 800_000, 200),
            measured(ClusterPeer.JRAFT_CLIENT, 900, 900_000, 250),
            measured(ClusterPeer.ETCD, 800, 900_000, 300),
            measured(ClusterPeer.CEILING, 2_000, 500_000, 50),
            measured(ClusterPeer.CEILING_CLIENT, 1_600, 600_000, 60));

    assertThat(verdicts).hasSize(12).allMatch(Verdict::reached);
    assertThat(goals(verdicts, ClusterPeer.KHONSU))
        .containsExactly(
            "100 B, 1 client, >= 1200 commits/s 1300.00",
            "100 B, 1 client, p50 <= 0.7 ms 0.61",
            "100 B, 1 client, >= 0.65 x the ceiling 0.65",
            "100 B, 1 client, >= the best peer, Ratis, in the leader 1.30",
            "100 B, 1 client, CPU per commit <= that of Ratis, in the leader 0.50",
            "no other leader after a second's stall 0.00",
            "leader kill to next commit <= 1000 ms 0.00");
    assertThat(goals(verdicts, ClusterPeer.KHONSU_CLIENT))
        .containsExactly(
            "100 B, 1 client, >= 1200 commits/s 1200.00",
            "100 B, 1 client, p50 <= 0.7 ms 0.64",
            "100 B, 1 client, >= 0.65 x the ceiling 0.75",
            "100 B, 1 client, >= the best peer, SOFAJRaft, its client 1.33",
            "100 B, 1 client, CPU per commit <= that of SOFAJRaft, its client 0.60");
  }

  @Test
  void verdicts_withoutPeersOfTheSameWay_areThoseOfKhonsuAlone() {
    List<Verdict> verdicts =
        verdicts(
            0,
            measured(ClusterPeer.KHONSU_CLIENT, 1_200, 650_000, 150),
            measured(ClusterPeer.JRAFT, 9_000, 100_000, 10),
            measured(ClusterPeer.CEILING, 9_000, 100_000, 10));

    assertThat(goals(verdicts, ClusterPeer.KHONSU_CLIENT))
        .containsExactly(
            "100 B, 1 client, >= 1200 commits/s 1200.00", "100 B, 1 client, p50 <= 0.7 ms 0.64");
  }

  @Test
  void table_ofBothWays_hasTheCeilingOfEach() {
    String table =
        ClusterReport.table(
            List.of(
                measured(ClusterPeer.KHONSU, 1_000, 600_000, 100),
                measured(ClusterPeer.KHONSU_CLIENT, 1_000, 700_000, 150),
                measured(ClusterPeer.CEILING, 4_000, 500_000, 50),
                measured(ClusterPeer.CEILING_CLIENT, 2_000, 600_000, 60)));

    assertThat(table)
        .containsPattern("Khonsu, in the leader +\\S+( k)? +0\\.25 ")
        .containsPattern("Khonsu, its client +\\S+( k)? +0\\.50 ")
        .containsPattern("ceiling: client of plain logs +\\S+( k)? +1\\.00 ");
  }

  private static List<String> goals(List<Verdict> verdicts, ClusterPeer peer) {
    return verdicts.stream()
        .filter(verdict -> verdict.contender().equals(peer.title()))
        .map(verdict -> String.format(Locale.ROOT, "%s %.2f", verdict.goal(), verdict.measured()))
        .toList();
  }
}
