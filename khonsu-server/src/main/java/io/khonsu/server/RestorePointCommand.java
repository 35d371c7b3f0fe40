package io.khonsu.server;

import io.khonsu.backup.Backups;
import io.khonsu.backup.RestorePoint;
import io.khonsu.backup.RestoreTarget;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code khonsu restore-point}: names versions. */
@Command(
    name = "restore-point",
    description = "Names states that can be restored.",
    subcommands = RestorePointCommand.Create.class)
final class RestorePointCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Called without a command. */
  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "restore-point what? Try 'restore-point create NAME'.");
  }

  /** {@code khonsu restore-point create}. */
  @Command(
      name = "create",
      description = {
        "Names a state, by default the newest that is archived.",
        "",
        "Needs the archive alone: a running store archives a commit within five seconds, unless its"
            + " program says otherwise."
      })
  static final class Create extends ArchiveCommand {
    @Parameters(
        paramLabel = "NAME",
        description = "1 to 64 of A-Z a-z 0-9 . _ -, the first one no point.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String name;

    @ArgGroup private @Nullable RestoreTargetOptions target;

    @Override
    ExitCode run() throws IOException {
      Backups backups = backups();
      RestoreTarget named = target == null ? new RestoreTarget.Latest() : target.target();
      RestorePoint point = backups.createRestorePoint(name, backups.plan(named));
      print(
          ArchiveTrees.of(point),
          List.of(
              "restore point %s: version %d of timeline %d"
                  .formatted(point.name(), point.version(), point.timeline())));
      return ExitCode.OK;
    }
  }
}
