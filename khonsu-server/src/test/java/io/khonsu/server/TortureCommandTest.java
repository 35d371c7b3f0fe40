package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TortureCommandTest {
  @Test
  void schedule_isPrinted_andNobodyIsHurt() {
    CommandRun run = CommandRun.of("torture", "--seed", "4", "--schedule", "3");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).hasSize(3).allMatch(line -> line.contains(" ms, then "));
  }

  @Test
  void faults_areChosenByName() {
    CommandRun run =
        CommandRun.of("torture", "--faults", "clock,pause", "--schedule", "40", "--seed", "4");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines())
        .hasSize(40)
        .allMatch(line -> line.contains("clock is wrong") || line.contains("stands still"));
  }

  @Test
  void faults_thatAreUnknown_areRefused() {
    CommandRun run = CommandRun.of("torture", "--faults", "kill,fire");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .contains(
            "there are no faults \"fire\", but kill, pause, link, clock, full-disk, power-loss");
    assertThat(CommandRun.of("torture", "--faults", "").exitCode()).isEqualTo(2);
  }

  /** Where they are possible, they are in the schedule; else the machine is told to be unfit. */
  @ParameterizedTest
  @CsvSource({"full-disk, disk is full", "power-loss, power"})
  void faults_thatNeedTheMachine_arePossible_orRefused(String family, String what) {
    CommandRun run = CommandRun.of("torture", "--faults", family, "--schedule", "5");
    if (run.exitCode() == 0) {
      assertThat(run.out().lines()).hasSize(5).allMatch(line -> line.contains(what));
    } else {
      assertThat(run.exitCode()).isEqualTo(3);
      assertThat(run.err())
          .contains(family + " is not possible on this machine, for it needs Linux, root")
          .contains("or name other --faults");
    }
  }

  @Test
  void badArguments_areRefused() {
    assertThat(CommandRun.of("torture", "--minutes", "0").err())
        .contains("--minutes must be above 0 and at most 1440");
    assertThat(CommandRun.of("torture", "--minutes", "NaN").exitCode()).isEqualTo(2);
    assertThat(CommandRun.of("torture", "--schedule", "0").err()).contains("1 to 100000");
    assertThat(CommandRun.of("torture", "--history", "no-such-directory/x.edn").err())
        .contains("there is no directory");
  }
}
