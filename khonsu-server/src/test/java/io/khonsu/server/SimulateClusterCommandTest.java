package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulateClusterCommandTest {
  @ParameterizedTest
  @CsvSource({"--family, nosuch", "--defect, nosuch", "--seeds, 5..1"})
  void option_unknownValue_isBadUsage(String option, String value) {
    CommandRun run = CommandRun.of("simulate", "cluster", option, value);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains(option);
  }

  @Test
  void list_namesFamiliesAndDefects() {
    CommandRun run = CommandRun.of("simulate", "cluster", "--list");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("all-3", "FORGET_OUTCOMES", "LYING_DISK");
  }

  @Test
  void soundNodesPass() {
    CommandRun run = CommandRun.of("simulate", "cluster", "--family", "all-3", "--seeds", "1");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("all-3 seed 1 passed", "Nothing was found.");
  }

  @Test
  void plantedDefect_isFound() {
    CommandRun run =
        CommandRun.of(
            "simulate",
            "cluster",
            "--family",
            "all-3",
            "--seeds",
            "1",
            "--defect",
            "LOCAL_CLOCK_AT_APPLY");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out())
        .contains("equal states", "replay: ./khonsu simulate cluster --family all-3 --seeds 1");
  }
}
