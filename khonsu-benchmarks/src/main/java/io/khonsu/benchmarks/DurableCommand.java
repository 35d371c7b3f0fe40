package io.khonsu.benchmarks;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench durable}: commits that survive a power failure, beside other stores on disk. */
@Command(
    name = DurableCommand.NAME,
    description =
        "Compares durable commits: Khonsu, a plain log (the limit), RocksDB, H2, LMDB, on one"
            + " disk.",
    mixinStandardHelpOptions = true)
final class DurableCommand implements Callable<Integer> {
  static final String NAME = "durable";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ResultFiles files = new ResultFiles();

  @Option(names = "--quick", description = "Short rounds: shows that it works, not how fast.")
  private boolean quick;

  @Mixin private MeasuredDisk disk = new MeasuredDisk();

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,8,64",
      description = "Numbers of threads (${DEFAULT-VALUE}).")
  private List<Integer> threads = new ArrayList<>();

  @Option(
      names = "--bytes",
      split = ",",
      defaultValue = "100,65536",
      description = "Sizes of values (${DEFAULT-VALUE}).")
  private List<Integer> valueBytes = new ArrayList<>();

  @Option(
      names = "--peers",
      split = ",",
      converter = PeerConverter.class,
      completionCandidates = PeerConverter.class,
      description = "Of ${COMPLETION-CANDIDATES}; all if not given.")
  private List<DurablePeer> peers = new ArrayList<>();

  @Option(names = "--rounds", description = "Rounds per contender (7, with --quick 3).")
  private @Nullable Integer rounds;

  @Option(
      names = "--round-millis",
      description = "How long a round lasts (2000, with --quick 200).")
  private @Nullable Integer roundMillis;

  @Option(
      names = "--crash-rows",
      paramLabel = "ROWS",
      description =
          "Rows of a store that is opened after a crash, 0 for none (1000000, with --quick"
              + " 100000).")
  private @Nullable Integer crashRows;

  @Override
  public Integer call() throws Exception {
    DurableBenchmark.Plan plan = plan();
    if (crashRows() < 0) {
      throw new ParameterException(spec.commandLine(), "crash-rows must not be negative");
    }
    disk.check(spec);
    files.check(spec, NAME);
    PrintWriter out = spec.commandLine().getOut();
    String fileSystem = disk.introduce(out);
    out.println();
    List<DurablePeer> crashing =
        crashRows() == 0 ? List.of() : plan.peers().stream().filter(DurablePeer::isKhonsu).toList();
    Progress progress =
        new Progress(
            spec.commandLine().getErr(),
            plan.stepCount() + crashing.size(),
            plan.estimate().plusSeconds(crashing.size() * (quick ? 5L : 60L)));
    List<DurableMeasurement> all = new DurableBenchmark(plan, observer(progress)).run();
    List<CrashOpening.Result> openings = new ArrayList<>();
    for (DurablePeer peer : crashing) {
      progress.step("opening after a crash, " + peer.title());
      openings.add(CrashOpening.measure(peer, crashRows(), quick ? 1 : 3, disk.directory()));
    }
    openings.forEach(opening -> out.println(opening.line()));
    List<Verdict> verdicts = DurableGoals.verdicts(all, openings);
    verdicts.forEach(verdict -> out.println(verdict.line()));
    out.flush();
    DurableReport report = new DurableReport(plan, fileSystem, all, openings);
    files.writeJson(report.values(verdicts));
    files.writeMarkdown(NAME, report.markdown());
    files.writeSvg(report.svg());
    return 0;
  }

  private int crashRows() {
    int usual = quick ? 100_000 : 1_000_000;
    return crashRows == null ? usual : crashRows;
  }

  private DurableBenchmark.Observer observer(Progress progress) {
    PrintWriter out = spec.commandLine().getOut();
    return new DurableBenchmark.Observer() {
      @Override
      public void starts(int size, int count) {
        progress.step(size + " bytes, " + Units.threads(count));
      }

      @Override
      public void measured(List<DurableMeasurement> measured) {
        out.println(DurableReport.table(measured));
        out.flush();
      }
    };
  }

  private DurableBenchmark.Plan plan() {
    try {
      return new DurableBenchmark.Plan(
          disk.directory(),
          peers.isEmpty() ? List.of(DurablePeer.values()) : peers,
          valueBytes,
          threads,
          rounds == null ? (quick ? 3 : 7) : rounds,
          roundMillis == null ? (quick ? 200 : 2_000) : roundMillis,
          quick ? 200 : 2_000);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Finds peers by their ids. */
  static final class PeerConverter extends Choice<DurablePeer> {
    PeerConverter() {
      super(DurablePeer.values(), DurablePeer::id);
    }
  }
}
