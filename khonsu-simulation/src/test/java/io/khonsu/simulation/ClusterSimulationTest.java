package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole nodes under simulated faults. */
class ClusterSimulationTest {
  private static final int LONG_SEEDS = Integer.getInteger("khonsu.simulation.clusterSeeds", 60);

  /** Every planted defect must show in a run of one of these. */
  private static final List<Long> SEEDS_TO_NOTICE = List.of(1L, 11L, 24L, 30L);

  static List<String> families() {
    return ClusterSimulation.families();
  }

  static List<String> defects() {
    return ClusterSimulation.defects();
  }

  @ParameterizedTest
  @MethodSource("families")
  void family_fixedSeed_keepsInvariants(String family) {
    assertThat(failures(family, 1, 1)).isEmpty();
  }

  @Test
  void allFaults_freshSeed_keepInvariants() {
    long fresh = new SplittableRandom().nextLong(1L << 40, 1L << 50);
    assertThat(failures("all-3", fresh, fresh)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("families")
  @Tag("long")
  void family_manySeeds_keepsInvariants(String family) {
    assertThat(failures(family, 1, LONG_SEEDS)).isEmpty();
  }

  /** {@return whether others become members in a family} */
  private static boolean changes(String family) {
    return family.startsWith("members-");
  }

  private static List<ClusterReport> failures(String family, long first, long last) {
    List<ClusterReport> failed = new ArrayList<>();
    for (long seed = first; seed <= last; seed++) {
      ClusterReport report = ClusterSimulation.run(family, seed, "");
      assertThat(report.counts().committed()).as(report.toString()).isPositive();
      assertThat(report.counts().changes() > 0).as(report.toString()).isEqualTo(changes(family));
      if (!report.passed()) {
        failed.add(report);
      }
    }
    return failed;
  }

  @Test
  void sameSeed_sameTrace() {
    ClusterReport first = ClusterSimulation.run("all-3", 3, "");
    ClusterReport again = ClusterSimulation.run("all-3", 3, "");
    assertThat(again).isEqualTo(first);
    assertThat(ClusterSimulation.run("all-3", 4, "").traceHash()).isNotEqualTo(first.traceHash());
  }

  @Test
  void nodesThatLagFarBehind_takeSnapshots() {
    assertThat(
            LongStream.rangeClosed(1, 40)
                .anyMatch(
                    seed -> ClusterSimulation.run("all-3", seed, "").counts().snapshots() > 0))
        .isTrue();
  }

  /** Whoever removes a member may know of others that have left meanwhile. */
  @Test
  void removalOfWhoIsTheOnlyMemberByNow_isGivenUp() {
    assertThat(failures("members-3", 203, 203)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("defects")
  void plantedDefect_isNoticed(String defect) {
    assertThat(
            SEEDS_TO_NOTICE.stream()
                .anyMatch(seed -> !ClusterSimulation.run("all-3", seed, defect).passed()))
        .as(defect)
        .isTrue();
  }

  @Test
  void family_unknown_isRefused() {
    assertThatThrownBy(() -> ClusterSimulation.run("nosuch", 1, ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nosuch");
  }

  @Test
  void defect_unknown_isRefused() {
    assertThatThrownBy(() -> ClusterSimulation.run("all-3", 1, "nosuch"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nosuch");
  }
}
