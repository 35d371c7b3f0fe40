package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The protocol under simulated faults. The system property {@code khonsu.simulation.seeds} says how
 * many seeds each family runs, half of them fixed and half fresh.
 */
class ConsensusSimulationTest {
  private static final int SEEDS = Integer.getInteger("khonsu.simulation.seeds", 60);

  private static final long FRESH = new SplittableRandom().nextLong(1L << 40, 1L << 50);

  static List<Settings> families() {
    return Families.all();
  }

  @Test
  void family_unknown_isRefused() {
    assertThatThrownBy(() -> ConsensusSimulation.run("nosuch", 1, ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nosuch");
  }

  @Test
  void defect_unknown_isRefused() {
    assertThatThrownBy(() -> ConsensusSimulation.run("all-5", 1, "nosuch"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nosuch");
  }

  @ParameterizedTest
  @MethodSource("families")
  void family_fixedSeeds_keepsInvariants(Settings family) {
    assertThat(failures(family, 1, SEEDS / 2)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("families")
  void family_freshSeeds_keepsInvariants(Settings family) {
    System.Logger logger = System.getLogger("io.khonsu.simulation");
    logger.log(System.Logger.Level.INFO, family.name() + ": seeds from " + FRESH);

    assertThat(failures(family, FRESH, SEEDS - SEEDS / 2)).isEmpty();
  }

  /** {@code ./khonsu simulate consensus --long} does this with thousands of seeds. */
  @Test
  void longProfile_ofOneSeedEach_tellsWhatWasRun() {
    List<String> lines = new ArrayList<>();

    assertThat(LongProfile.run(FRESH, 1, 100, lines::add)).as("%s", lines).isZero();

    int partitions = 3 * Partition.values().length;
    assertThat(lines).hasSize(1 + Families.all().size() + 1 + partitions);
    assertThat(lines.get(1)).startsWith("partitions-3 ").contains("runs 1  failed 0");
  }

  @ParameterizedTest
  @MethodSource("families")
  void run_again_leavesTheSameTrace(Settings family) {
    RunReport first = SimulationRun.run(family, 7, Breakage.NONE);
    RunReport again = SimulationRun.run(family, 7, Breakage.NONE);
    RunReport other = SimulationRun.run(family, 8, Breakage.NONE);

    assertThat(again).isEqualTo(first);
    assertThat(other.traceHash()).isNotEqualTo(first.traceHash());
  }

  @Test
  void run_narrated_isTheSameRun() {
    List<String> lines = new ArrayList<>();

    RunReport narrated = ConsensusSimulation.narrate("all-5", 3, "", lines::add);

    assertThat(narrated).isEqualTo(ConsensusSimulation.run("all-5", 3, ""));
    assertThat(lines).anyMatch(line -> line.contains("BecameLeader"));
  }

  private static List<String> failures(Settings family, long first, int count) {
    List<String> failures = new ArrayList<>();
    for (long seed = first; seed < first + count; seed++) {
      RunReport report = SimulationRun.run(family, seed, Breakage.NONE);
      if (!report.passed()) {
        failures.add(report.toString());
      }
    }
    return failures;
  }
}
