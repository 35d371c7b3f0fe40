package io.khonsu.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.server.node.LocalCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three processes commit and are killed: what they had acknowledged is there, whole, service comes
 * back, and all nodes end in the same state.
 */
class ClusterCrashTest {
  private static final String PROGRAM = "io.khonsu.server.KhonsuCommand";
  private static final int COMMITS = 20;

  /** Long enough for any machine: no time decides whether a test passes. */
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  @TempDir private Path root;

  private static void check(ClusterReport report) {
    report.lines().forEach(System.out::println);
    assertThat(report.faults()).isEmpty();
    assertThat(report.lost()).isZero();
    assertThat(report.holds()).isTrue();
  }

  @Test
  void leaderKilled_losesNothing() throws Exception {
    try (HurtCluster cluster = HurtCluster.create(root, HurtCluster.NODES, PROGRAM, _ -> {})) {
      cluster.awaitCommits(COMMITS);
      cluster.killLeader();
      check(cluster.audit());
      assertThat(cluster.wounds()).hasSize(1);
    }
  }

  /** Wounds at random, for minutes. */
  @Test
  @Tag("long")
  void woundsAtRandom_loseNothing() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    try (HurtCluster cluster = HurtCluster.create(root, HurtCluster.NODES, PROGRAM, _ -> {})) {
      for (int wound = 0; wound < 12; wound++) {
        cluster.awaitCommits(random.nextInt(1, 10 * COMMITS));
        switch (random.nextInt(4)) {
          case 0 -> cluster.killLeader();
          case 1 -> cluster.killFollower();
          case 2 -> cluster.killAll();
          default -> cluster.cutChain();
        }
      }
      check(cluster.audit());
    }
  }

  @Test
  void members_joinAndLeave_andNothingIsLost() throws Exception {
    try (HurtCluster cluster = HurtCluster.create(root, 1, PROGRAM, _ -> {})) {
      cluster.awaitCommits(COMMITS);
      cluster.grow(2);
      cluster.awaitCommits(COMMITS);
      cluster.replaceFollower();
      cluster.removeLeader();
      cluster.awaitCommits(COMMITS);
      ClusterReport report = cluster.audit();
      check(report);
      assertThat(report.nodes()).isEqualTo(2);
    }
  }

  /** From one node to five, and back to two others, with kills between. */
  @Test
  @Tag("long")
  void members_growReplaceAndShrink_underLoad_loseNothing() throws Exception {
    try (HurtCluster cluster = HurtCluster.create(root, 1, PROGRAM, _ -> {})) {
      cluster.awaitCommits(COMMITS);
      cluster.grow(2);
      cluster.killLeader();
      cluster.grow(2);
      cluster.awaitCommits(COMMITS);
      cluster.replaceFollower();
      cluster.killFollower();
      cluster.removeLeader();
      cluster.removeLeader();
      cluster.killAll();
      cluster.removeLeader();
      cluster.awaitCommits(COMMITS);
      check(cluster.audit());
    }
  }

  @Test
  void server_stopsCleanly() throws Exception {
    try (LocalCluster first = LocalCluster.create(root, 1, PROGRAM, List.of())) {
      assertThat(first.awaitLeader(List.of(1L), TIMEOUT)).isEqualTo(1);
      assertThat(first.stop()).containsExactly(143);
    }
    try (LocalCluster second = LocalCluster.open(root, PROGRAM, List.of())) {
      assertThat(second.awaitLeader(List.of(1L), TIMEOUT)).isEqualTo(1);
      assertThat(second.stop()).containsExactly(143);
    }
  }
}
