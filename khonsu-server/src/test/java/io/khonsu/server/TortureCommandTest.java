package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TortureCommandTest {
  @Test
  void schedule_isPrinted_andNobodyIsHurt() {
    CommandRun run = CommandRun.of("torture", "--seed", "4", "--schedule", "3");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).hasSize(3).allMatch(line -> line.contains(" ms, then "));
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
