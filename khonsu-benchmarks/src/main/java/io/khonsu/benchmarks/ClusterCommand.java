package io.khonsu.benchmarks;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench cluster}: clusters of processes on this machine, beside each other. */
@Command(
    name = ClusterCommand.NAME,
    description =
        "Compares clusters of three processes on loopback that sync every commit to disk: Khonsu,"
            + " SOFAJRaft, Ratis, etcd if it is installed, and the machine's limits.",
    mixinStandardHelpOptions = true)
final class ClusterCommand implements Callable<Integer> {
  static final String NAME = "cluster";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ResultFiles files = new ResultFiles();

  @Option(names = "--quick", description = "Short rounds: shows that it works, not how fast.")
  private boolean quick;

  @Mixin private MeasuredDisk disk = new MeasuredDisk();

  @Option(
      names = "--loads",
      split = ",",
      paramLabel = "CLIENTSxBYTES",
      defaultValue = "1x100,16x100,128x100,1024x100,16x65536",
      description = "How many clients write values of which size (${DEFAULT-VALUE}).")
  private List<String> loads = new ArrayList<>();

  @Option(
      names = "--peers",
      split = ",",
      converter = PeerConverter.class,
      completionCandidates = PeerConverter.class,
      description = "Of ${COMPLETION-CANDIDATES}; all that are there if not given.")
  private List<ClusterPeer> peers = new ArrayList<>();

  @Option(names = "--rounds", description = "Rounds per peer (5, with --quick 1).")
  private @Nullable Integer rounds;

  @Option(
      names = "--round-millis",
      description = "How long a round lasts (3000, with --quick 300).")
  private @Nullable Integer roundMillis;

  @Option(names = "--kills", description = "Leaders of each system to kill (7, with --quick 1).")
  private @Nullable Integer kills;

  @Option(
      names = "--stalls",
      description = "How often all processes stand still for a second (5, with --quick 1).")
  private @Nullable Integer stalls;

  @Override
  public Integer call() throws Exception {
    List<ClusterPeer> absent =
        chosen().stream().filter(peer -> !peer.system().isInstalled()).toList();
    ClusterBenchmark.Plan plan = plan(absent);
    disk.check(spec);
    files.check(spec, NAME);
    PrintWriter out = spec.commandLine().getOut();
    String fileSystem = disk.introduce(out);
    absent.forEach(peer -> out.println(peer.title() + " is absent: it is not on the PATH"));
    out.println();
    Progress progress =
        new Progress(spec.commandLine().getErr(), plan.stepCount(), plan.estimate());
    ClusterBenchmark.Result result = new ClusterBenchmark(plan, observer(progress)).run();
    ClusterReport report = new ClusterReport(plan, fileSystem, result);
    out.println(report.closingTables());
    List<Verdict> verdicts = ClusterGoals.verdicts(result);
    verdicts.forEach(verdict -> out.println(verdict.line()));
    out.flush();
    files.writeJson(report.values(verdicts));
    files.writeMarkdown(NAME, report.markdown(verdicts));
    files.writeSvg(report.svg());
    return 0;
  }

  private ClusterBenchmark.Observer observer(Progress progress) {
    PrintWriter out = spec.commandLine().getOut();
    return new ClusterBenchmark.Observer() {
      @Override
      public void step(String name) {
        progress.step(name);
      }

      @Override
      public void measured(List<ClusterMeasurement> measured) {
        out.println(ClusterReport.table(measured));
        out.flush();
      }
    };
  }

  private List<ClusterPeer> chosen() {
    return peers.isEmpty() ? Arrays.asList(ClusterPeer.values()) : peers;
  }

  private ClusterBenchmark.Plan plan(List<ClusterPeer> absent) {
    try {
      return new ClusterBenchmark.Plan(
          disk.directory(),
          chosen().stream().filter(peer -> !absent.contains(peer)).toList(),
          loads.stream().map(ClusterLoad.Setting::parse).toList(),
          rounds == null ? (quick ? 1 : 5) : rounds,
          roundMillis == null ? (quick ? 300 : 3_000) : roundMillis,
          quick ? 300 : 60_000,
          quick ? 300 : 15_000,
          new ClusterBenchmark.Trials(
              stalls == null ? (quick ? 1 : 5) : stalls, kills == null ? (quick ? 1 : 7) : kills));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Finds peers by their ids. */
  static final class PeerConverter extends Choice<ClusterPeer> {
    PeerConverter() {
      super(ClusterPeer.values(), ClusterPeer::id);
    }
  }
}
