package io.khonsu.server;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code khonsu} program.
 *
 * <p>A command is a class of its own, a {@code Callable<Integer>} that returns {@link
 * ExitCode#code()}, and is listed in {@code subcommands} below. Results go to the {@code getOut()}
 * of its {@code CommandLine}, progress and messages to {@code getErr()}. It inherits {@code --help}
 * and {@code --version}.
 */
@Command(
    name = "khonsu",
    description = "ACID transactions over Apache Arrow record batches.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = BuildVersion.class,
    subcommands = {
      BackupCommand.class,
      ClusterCommand.class,
      DemoCommand.class,
      DoctorCommand.class,
      ExportCommand.class,
      HistoryCommand.class,
      LeaderCommand.class,
      MembersCommand.class,
      RestoreCommand.class,
      RestorePointCommand.class,
      ServerCommand.class,
      SimulateCommand.class,
      StatusCommand.class,
      TopCommand.class,
      TortureCommand.class,
      TrainCommand.class
    })
final class KhonsuCommand implements Callable<Integer> {
  /** Arrow tells at INFO which allocator it has found. Held, or the level would be forgotten. */
  private static final Logger ARROW_LOGGER = Logger.getLogger("org.apache.arrow");

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] args) {
    ARROW_LOGGER.setLevel(Level.WARNING);
    System.exit(configured(new CommandLine(new KhonsuCommand())).execute(args));
  }

  /** Sets on {@code commandLine} and its subcommands what all commands share, and returns it. */
  static CommandLine configured(CommandLine commandLine) {
    Map<String, String> exitCodes = new LinkedHashMap<>();
    for (ExitCode exitCode : ExitCode.values()) {
      exitCodes.put(" " + exitCode.code(), exitCode.meaning());
    }
    UsageMessageSpec usage = commandLine.getCommandSpec().usageMessage();
    usage.exitCodeListHeading("%nExit codes:%n").exitCodeList(exitCodes);
    usage.footer(
        "",
        "In a checkout, the script ./khonsu also knows build, test, test-one, format",
        "and bench: see CONTRIBUTING.md.");
    return commandLine
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(KhonsuCommand::badUsage)
        .setExecutionExceptionHandler(KhonsuCommand::internalError);
  }

  /** Called without a command. */
  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "which command?");
  }

  private static int badUsage(ParameterException exception, String[] args) {
    CommandLine commandLine = exception.getCommandLine();
    String name = commandLine.getCommandSpec().qualifiedName();
    PrintWriter err = commandLine.getErr();
    err.println(name + ": " + message(exception));
    UnmatchedArgumentException.printSuggestions(exception, err);
    err.println("'" + name + " --help' says what there is.");
    return ExitCode.USAGE.code();
  }

  private static String message(ParameterException exception) {
    boolean isRoot = exception.getCommandLine().getParent() == null;
    if (isRoot && exception instanceof UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().getFirst();
      return (unmatched.isUnknownOption() ? "unknown option: " : "unknown command: ") + first;
    }
    return String.valueOf(exception.getMessage());
  }

  private static int internalError(
      Exception exception, CommandLine commandLine, CommandLine.ParseResult parseResult) {
    String name = commandLine.getCommandSpec().qualifiedName();
    PrintWriter err = commandLine.getErr();
    err.println(name + ": internal error, a defect of khonsu; please report this:");
    err.println(commandLine.getColorScheme().stackTraceText(exception));
    return ExitCode.INTERNAL_ERROR.code();
  }
}
