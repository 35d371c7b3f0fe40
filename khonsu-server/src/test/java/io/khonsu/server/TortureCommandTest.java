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
    assertThat(run.out().lines())
        .startsWith("drawn of kill,pause,link,clock,full-disk,power-loss:")
        .hasSize(4)
        .filteredOn(line -> line.contains(" ms, then "))
        .hasSize(3);
  }

  @Test
  void faults_areChosenByName() {
    CommandRun run =
        CommandRun.of("torture", "--faults", "clock,pause", "--schedule", "40", "--seed", "4");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).startsWith("drawn of pause,clock:").hasSize(41);
    assertThat(run.out().lines().skip(1))
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

  /** Whatever this machine can do: nothing is tried. */
  @ParameterizedTest
  @CsvSource({"full-disk, disk is full", "power-loss, power"})
  void faults_thatNeedTheMachine_areInTheScheduleOnAny(String family, String what) {
    CommandRun run = CommandRun.of("torture", "--faults", family, "--schedule", "5");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).startsWith("drawn of %s:".formatted(family)).hasSize(6);
    assertThat(run.out().lines().skip(1)).allMatch(line -> line.contains(what));
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
