package io.khonsu.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code khonsu simulate}: whole clusters on one thread, repeatable by a seed. */
@Command(
    name = "simulate",
    description = "Runs simulated clusters in which things go wrong, and checks every step.",
    subcommands = {SimulateConsensusCommand.class, SimulateClusterCommand.class})
final class SimulateCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Called without a command. */
  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "simulate what? Try 'simulate consensus' or 'simulate cluster'.");
  }
}
