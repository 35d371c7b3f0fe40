package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The program's root command: what it prints where, and its exit codes. */
class KhonsuCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** A command that fails as told. */
  @Command(name = "probe", description = "Probes.")
  static final class Probe implements Callable<Integer> {
    @Option(names = "--defect")
    private boolean defect;

    @Override
    public Integer call() {
      if (defect) {
        throw new IllegalStateException("probe broke", new ArithmeticException("deep cause"));
      }
      return ExitCode.ANSWER_IS_NO.code();
    }
  }

  private int run(String... args) {
    CommandLine commandLine = new CommandLine(new KhonsuCommand()).addSubcommand(new Probe());
    return KhonsuCommand.configured(commandLine)
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }

  @Test
  void version_printsVersionOnOut() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString()).matches("khonsu \\d+\\.\\d+\\.\\d+\\S* \\(Java \\d+.*\\)\\R");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void help_printsUsageOnOut() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).startsWith("Usage: khonsu").contains("Exit codes:", "./khonsu");
    assertThat(err.toString()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(ExitCode.class)
  void help_listsEveryExitCode(ExitCode exitCode) {
    run("--help");

    assertThat(out.toString())
        .containsPattern("(?m)^ +" + exitCode.code() + " +\\Q" + exitCode.meaning() + "\\E$");
  }

  @Test
  void noCommand_isBadUsage() {
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString()).startsWith("khonsu: which command?").contains("khonsu --help");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void unknownCommand_isBadUsageWithSuggestion() {
    assertThat(run("prob")).isEqualTo(2);
    assertThat(err.toString()).startsWith("khonsu: unknown command: prob").contains("probe");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void unknownOption_isBadUsage() {
    assertThat(run("--frobnicate")).isEqualTo(2);
    assertThat(err.toString()).startsWith("khonsu: unknown option: --frobnicate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"stray", "--stray"})
  void badArgumentOfSubcommand_isBadUsageOfThatCommand(String argument) {
    assertThat(run("probe", argument)).isEqualTo(2);
    assertThat(err.toString()).startsWith("khonsu probe: ").contains(argument, "probe --help");
  }

  @Test
  void subcommand_exitCodeIsPassedOn() {
    assertThat(run("probe")).isEqualTo(1);
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void subcommand_inheritsHelp() {
    assertThat(run("probe", "--help")).isZero();
    assertThat(out.toString()).startsWith("Usage: khonsu probe").contains("Probes.");
  }

  @Test
  void defect_isNoAnswerAndShowsCauses() {
    assertThat(run("probe", "--defect")).isEqualTo(70);
    assertThat(err.toString())
        .startsWith("khonsu probe: internal error")
        .contains("probe broke", "deep cause", "at io.khonsu");
    assertThat(out.toString()).isEmpty();
  }
}
