package io.khonsu.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code khonsu members}: who is in a cluster. */
@Command(
    name = "members",
    description = "Says who is in a cluster, and changes that while it runs.",
    subcommands = {
      MembersListCommand.class,
      MembersAddCommand.class,
      MembersRemoveCommand.class,
      MembersReplaceCommand.class
    })
final class MembersCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Called without a command. */
  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "members what? Try 'members list', 'add', 'remove' or 'replace'.");
  }
}
