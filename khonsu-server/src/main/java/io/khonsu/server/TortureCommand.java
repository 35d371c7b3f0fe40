package io.khonsu.server;

import io.khonsu.server.demo.DurableAct;
import io.khonsu.server.torture.FaultFamily;
import io.khonsu.server.torture.Torture;
import io.khonsu.server.torture.TorturePlan;
import io.khonsu.server.torture.TortureReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code khonsu torture}: a cluster of real processes that is hurt, and what its clients saw. */
@Command(
    name = "torture",
    description = {
      "Hurts a cluster of three processes under load, and checks what its clients saw.",
      "",
      "Nodes are killed and stand still; links are cut, lose what is sent one way, are slow, get"
          + " stuck and end; clocks are set forward and back; disks get full, and lose their power."
          + " Clients on every node append to lists and read them. What is done, and for how long,"
          + " follows from the seed. At the end every list is read: the history must be strictly"
          + " serializable, all that was acknowledged must be there, and all nodes must have the"
          + " same state.",
      "",
      "Full disks and power losses need a file system for each node, in a file: "
          + "Linux, root, loop devices, mkfs.ext4 and xfs_io. On a machine without these they are"
          + " left out, and the report says so; if --faults asks for them it ends with 3.",
      "",
      "How long no commit returned after each fault is printed, and which faults of one node or"
          + " link took longer than 2 s; that does not change the exit status. It ends with 0 if"
          + " nothing was found, with 1 if something was, and then says where the nodes' directory"
          + " stays; with 3 if a node could not be started or the cluster did not come back."
    })
final class TortureCommand implements Callable<Integer> {
  private static final double MINUTES_MAX = 24 * 60;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      defaultValue = "1",
      description = "For how long new faults begin, such as 10 or 0.5; default ${DEFAULT-VALUE}.")
  private double minutes;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of the faults, and of what the clients do; default ${DEFAULT-VALUE}.")
  private long seed;

  /** Reads a name. */
  static final class FamilyConverter implements ITypeConverter<FaultFamily> {
    @Override
    public FaultFamily convert(String value) {
      try {
        return FaultFamily.of(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }

  @Option(
      names = "--faults",
      paramLabel = "LIST",
      split = ",",
      converter = FamilyConverter.class,
      description =
          "Which, separated by commas: kill, pause, link, clock, full-disk, power-loss; without"
              + " this, all that the machine can do.")
  private @Nullable Set<FaultFamily> faults;

  @Option(
      names = "--history",
      paramLabel = "FILE",
      description = "Where to write the history, as EDN that public checkers read.")
  private @Nullable String history;

  @Option(names = "--force", description = "Overwrites FILE.")
  private boolean force;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  @Option(
      names = "--schedule",
      paramLabel = "N",
      description =
          "Hurts nobody and tries nothing: prints of which faults are drawn, as --faults takes it,"
              + " and the first N of the seed. They are those of a run with the same --faults on"
              + " any machine; without --faults, on one that can do all.")
  private @Nullable Integer schedule;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (!(minutes > 0 && minutes <= MINUTES_MAX)) {
      throw new ParameterException(
          spec.commandLine(), "--minutes must be above 0 and at most 1440, but is " + minutes);
    }
    if (schedule != null) {
      Arguments.checkRange(spec, "--schedule", schedule, 1, 100_000);
    }
    HistoryFile file = history == null ? null : new HistoryFile(history, force);
    try {
      if (file != null) {
        file.checkWritable();
      }
    } catch (IOException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    if (schedule != null) {
      printSchedule(schedule, out);
      return ExitCode.OK.code();
    }
    try {
      return run(plan(), out, file);
    } catch (IOException e) {
      return failed(e.getMessage() + "; or name other --faults");
    }
  }

  private void printSchedule(int count, PrintWriter out) {
    Set<FaultFamily> families = faults == null ? EnumSet.allOf(FaultFamily.class) : faults;
    out.println("drawn of " + FaultFamily.names(families) + ":");
    TorturePlan.schedule(seed, families, count).forEach(out::println);
    out.flush();
  }

  private TorturePlan plan() throws IOException, InterruptedException {
    Duration duration = Duration.ofMillis((long) (minutes * 60_000));
    return faults == null
        ? TorturePlan.ofAll(seed, duration)
        : TorturePlan.of(seed, duration, faults);
  }

  private int run(TorturePlan plan, PrintWriter out, @Nullable HistoryFile file)
      throws InterruptedException {
    Path directory = null;
    try {
      directory = Files.createTempDirectory("khonsu-torture");
      TortureReport report = torture(directory, plan);
      if (file != null) {
        file.write(report.history(), out);
      }
      print(
          report, HistoryFile.STANDARD_OUTPUT.equals(history) ? spec.commandLine().getErr() : out);
      if (report.holds()) {
        DurableAct.delete(directory);
        return ExitCode.OK.code();
      }
      spec.commandLine().getErr().println("what the nodes left is in " + directory);
      return ExitCode.ANSWER_IS_NO.code();
    } catch (IOException | TimeoutException e) {
      return failed("%s; see %s".formatted(e.getMessage(), directory));
    }
  }

  private int failed(String message) {
    spec.commandLine().getErr().println(spec.qualifiedName() + ": " + message);
    return ExitCode.UNAVAILABLE.code();
  }

  private TortureReport torture(Path directory, TorturePlan plan)
      throws IOException, InterruptedException, TimeoutException {
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      return Torture.run(directory, KhonsuCommand.class.getName(), plan, progress::show);
    }
  }

  private void print(TortureReport report, PrintWriter out) {
    if (json) {
      out.println(Json.write(report.tree()));
    } else {
      out.println("Torture of three nodes, seed " + report.plan().seed() + ":");
      report.lines().forEach(out::println);
      out.println(report.holds() ? "Nothing was found." : "FAILED.");
    }
    out.flush();
  }
}
