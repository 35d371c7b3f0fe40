package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.server.demo.ClusterAct;
import io.khonsu.server.demo.ClusterReport;
import io.khonsu.server.demo.Demo;
import io.khonsu.server.demo.DemoReport;
import io.khonsu.server.demo.DemoSettings;
import io.khonsu.server.demo.DemoSummary;
import io.khonsu.server.demo.DurableAct;
import io.khonsu.server.demo.DurableReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code khonsu demo}: the main job on real data, with a proof that it was done right. */
@Command(
    name = "demo",
    description = {
      "Runs transactions on real flights and proves that none was lost.",
      "",
      "Loads 200,000 flights and 3,376 airports into memory, moves flights from airport to airport"
          + " by serializable transactions of several threads, and checks every total. Then shows"
          + " each conflict strategy, a rollback and a read of the past.",
      "",
      "Then, in a temporary directory, kills a process that commits to a store on disk, opens the"
          + " store and looks for every commit that was acknowledged, deletes rows by mistake, and"
          + " restores them from the archive.",
      "",
      "With --cluster, instead: three processes that commit, of which the leader is killed, then"
          + " two lose each other, then all are killed; then every acknowledged commit is looked"
          + " for, and the states of the nodes are compared. Ends with 1 if a proof fails."
    })
final class DemoCommand implements Callable<Integer> {
  private static final String FLIGHTS = "flights-200k.arrow";
  private static final String AIRPORTS = "airports.csv";

  /** Stores tell at INFO that they were opened. Held, or the level would be forgotten. */
  private static final Logger STORE_LOGGER = Logger.getLogger(Khonsu.class.getName());

  private static final Logger CLUSTER_LOGGER = Logger.getLogger("io.khonsu");

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "4",
      description = "How long transactions run, 1 to 3600; default ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "4",
      description = "How many threads run them, 1 to 256; default ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of what the transactions choose; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--cluster", description = "Shows a cluster of three processes instead.")
  private boolean cluster;

  @Option(names = "--json", description = "Prints the summary as JSON.")
  private boolean json;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where " + FLIGHTS + " and " + AIRPORTS + " are; those that come with khonsu.")
  private @Nullable Path data;

  @Override
  public Integer call() throws InterruptedException {
    STORE_LOGGER.setLevel(Level.WARNING);
    if (cluster) {
      return playCluster();
    }
    Arguments.checkRange(spec, "--seconds", seconds, 1, 3_600);
    Arguments.checkRange(spec, "--threads", threads, 1, 256);
    DemoSettings settings;
    try {
      ShippedData files = data == null ? ShippedData.ofInstallation() : new ShippedData(data);
      settings =
          new DemoSettings(
              files.file(FLIGHTS),
              files.file(AIRPORTS),
              Duration.ofSeconds(seconds),
              threads,
              seed);
    } catch (IllegalStateException e) {
      return failed(ExitCode.UNAVAILABLE, e);
    }
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      DemoReport report = Demo.run(settings, progress::show);
      return playDurableAct(report, progress);
    } catch (IOException e) {
      return failed(ExitCode.CORRUPTION, e);
    }
  }

  private int playCluster() throws InterruptedException {
    CLUSTER_LOGGER.setLevel(Level.OFF); // nodes that are killed are missed by the others
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      ClusterReport report = ClusterAct.run(KhonsuCommand.class.getName(), progress::show);
      progress.clear();
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(Json.write(report.tree()));
      } else {
        report.lines().forEach(out::println);
        out.println(report.holds() ? "Everything holds." : "SOMETHING DOES NOT HOLD.");
      }
      out.flush();
      return (report.holds() ? ExitCode.OK : ExitCode.ANSWER_IS_NO).code();
    } catch (TimeoutException e) {
      return failed(ExitCode.ANSWER_IS_NO, e);
    } catch (IOException e) {
      return failed(ExitCode.UNAVAILABLE, e);
    }
  }

  private int playDurableAct(DemoReport report, Progress progress) throws InterruptedException {
    try {
      DurableReport durable = DurableAct.run(progress::show);
      progress.clear();
      print(report, durable);
      boolean holds = DemoSummary.holds(report, durable);
      return (holds ? ExitCode.OK : ExitCode.ANSWER_IS_NO).code();
    } catch (IOException e) {
      return failed(ExitCode.UNAVAILABLE, e);
    }
  }

  private void print(DemoReport report, DurableReport durable) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.write(DemoSummary.tree(report, durable)));
    } else {
      DemoSummary.lines(report, durable).forEach(out::println);
    }
    out.flush();
  }

  private int failed(ExitCode exitCode, Exception cause) {
    spec.commandLine().getErr().println(spec.qualifiedName() + ": " + cause.getMessage());
    return exitCode.code();
  }
}
