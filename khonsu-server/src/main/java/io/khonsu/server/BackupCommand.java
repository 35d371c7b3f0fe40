package io.khonsu.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code khonsu backup}: looks after an archive. */
@Command(
    name = "backup",
    description = "Takes base backups of a store, and looks after its archive.",
    subcommands = {
      BackupCreateCommand.class,
      BackupListCommand.class,
      BackupPruneCommand.class,
      BackupStatusCommand.class,
      BackupVerifyCommand.class
    })
final class BackupCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Called without a command. */
  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "backup what? create, list, status, verify or prune.");
  }
}
