package io.khonsu.benchmarks;

import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The program behind {@code ./khonsu bench}. Every benchmark is a subcommand, listed below; results
 * go to the {@code getOut()} of its {@code CommandLine}, progress to {@code getErr()}.
 */
@Command(
    name = "bench",
    description = "Measures Khonsu beside its peers.",
    mixinStandardHelpOptions = true,
    subcommands = {
      StmCommand.class,
      AbortsCommand.class,
      DurableCommand.class,
      BackupCommand.class,
      ArrowCommand.class,
      ConsensusCommand.class,
      ClusterCommand.class
    })
final class BenchCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Runs one benchmark and ends the JVM with its exit code. */
  public static void main(String[] args) {
    logWarningsOnly();
    System.exit(commandLine().execute(args));
  }

  /** Contenders announce themselves. */
  static void logWarningsOnly() {
    Logger.getLogger("").setLevel(Level.WARNING);
  }

  static CommandLine commandLine() {
    return new CommandLine(new BenchCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true);
  }

  /** Called without a benchmark. */
  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "which benchmark?");
  }
}
