package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SimulateConsensusCommandTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "x", "5..1", "1..", "..1", "1..99999999", "1-2"})
  void seeds_senseless_areBadUsage(String seeds) {
    CommandRun run = CommandRun.of("simulate", "consensus", "--seeds", seeds);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--seeds");
  }

  @ParameterizedTest
  @CsvSource({"--family, nosuch", "--defect, nosuch", "--delay, -1", "--delay, 6"})
  void option_unknownValue_isBadUsage(String option, String value) {
    CommandRun run = CommandRun.of("simulate", "consensus", option, value);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains(option);
  }

  @Test
  void trace_ofManyRuns_isBadUsage() {
    assertThat(CommandRun.of("simulate", "consensus", "--trace").exitCode()).isEqualTo(2);
  }

  @Test
  void simulate_withoutWhat_isBadUsage() {
    assertThat(CommandRun.of("simulate").exitCode()).isEqualTo(2);
  }

  @Test
  void list_namesFamiliesAndDefects() {
    CommandRun run = CommandRun.of("simulate", "consensus", "--list");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("partitions-crashes-5", "DECIDE_ON_MINORITY");
  }

  @Test
  void plantedDefect_isFoundAndReplaysToTheSameTrace() {
    String family = "all-5";
    CommandRun first = simulate(family, "IGNORE_SEQUENCE_GAP");
    CommandRun again = simulate(family, "IGNORE_SEQUENCE_GAP");

    assertThat(first.exitCode()).isEqualTo(1);
    assertThat(first.out())
        .contains("FAILED", "replay: ./khonsu simulate consensus --family all-5 --seeds 1")
        .contains("--defect IGNORE_SEQUENCE_GAP")
        .isEqualTo(again.out());
  }

  private static CommandRun simulate(String family, String defect) {
    return CommandRun.of(
        "simulate", "consensus", "--family", family, "--seeds", "1", "--defect", defect);
  }

  @Test
  void sound_protocolPasses() {
    CommandRun run = CommandRun.of("simulate", "consensus", "--family", "all-5", "--seeds", "1..2");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("Nothing was found.");
  }

  @Test
  void partitions_printBounds() {
    CommandRun run = CommandRun.of("simulate", "consensus", "--partitions", "--seeds", "1..2");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("quorum-loss-5", "chained-3", "ET");
  }
}
