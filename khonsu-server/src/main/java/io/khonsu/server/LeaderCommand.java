package io.khonsu.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code khonsu leader}: who leads a cluster. */
@Command(
    name = "leader",
    description = "Changes who leads a cluster.",
    subcommands = LeaderTransferCommand.class)
final class LeaderCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Called without a command. */
  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "leader what? Try 'leader transfer'.");
  }
}
