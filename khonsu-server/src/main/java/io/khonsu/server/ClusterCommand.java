package io.khonsu.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code khonsu cluster}: several nodes at once. */
@Command(
    name = "cluster",
    description = "Runs a cluster on this machine, to try things on.",
    subcommands = ClusterLocalCommand.class)
final class ClusterCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Called without a command. */
  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "cluster what? Try 'cluster local'.");
  }
}
