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

/** {@code bench stm}: Khonsu's transaction buffer beside other transactional memories. */
@Command(
    name = StmCommand.NAME,
    description =
        "Compares small transactions: Khonsu's buffer, maps under locks, ScalaSTM, Clojure,"
            + " Multiverse, H2, RocksDB.",
    mixinStandardHelpOptions = true)
final class StmCommand implements Callable<Integer> {
  static final String NAME = "stm";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(names = "--quick", description = "Short rounds: shows that it works, not how fast.")
  private boolean quick;

  @Mixin private ResultFiles files = new ResultFiles();

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,2,8",
      description = "Numbers of threads (${DEFAULT-VALUE}).")
  private List<Integer> threads = new ArrayList<>();

  @Option(
      names = "--load",
      split = ",",
      converter = LoadConverter.class,
      completionCandidates = LoadConverter.class,
      description = "Of ${COMPLETION-CANDIDATES}; all if not given.")
  private List<Load> loads = new ArrayList<>();

  @Option(
      names = "--peers",
      split = ",",
      converter = PeerConverter.class,
      completionCandidates = PeerConverter.class,
      description = "Of ${COMPLETION-CANDIDATES}; all if not given.")
  private List<Peer> peers = new ArrayList<>();

  @Option(names = "--rounds", description = "Rounds per contender (7, with --quick 3).")
  private @Nullable Integer rounds;

  @Option(names = "--round-millis", description = "How long a round lasts (400, with --quick 30).")
  private @Nullable Integer roundMillis;

  @Option(names = "--keys", description = "Items (100000, with --quick 10000).")
  private @Nullable Integer keys;

  @Override
  public Integer call() throws Exception {
    StmBenchmark.Plan plan = plan();
    files.check(spec, NAME);
    PrintWriter out = spec.commandLine().getOut();
    out.println(machineLine(plan));
    out.println();
    Progress progress =
        new Progress(spec.commandLine().getErr(), plan.stepCount(), plan.estimate());
    List<Measurement> all = new StmBenchmark(plan, observer(plan, progress)).run();
    List<Verdict> verdicts = StmGoals.verdicts(all);
    verdicts.forEach(verdict -> out.println(verdict.line()));
    out.flush();
    StmDocument document = new StmDocument(plan, all);
    files.writeJson(StmReport.values(plan, all, verdicts));
    files.writeMarkdown(NAME, document.markdown());
    files.writeSvg(document.svg());
    return 0;
  }

  private StmBenchmark.Observer observer(StmBenchmark.Plan plan, Progress progress) {
    PrintWriter out = spec.commandLine().getOut();
    return new StmBenchmark.Observer() {
      @Override
      public void starts(Load load, int count) {
        progress.step(load.id() + ", " + Units.threads(count));
      }

      @Override
      public void measured(List<Measurement> measured) {
        out.println(StmReport.tables(plan.peers(), measured));
        out.flush();
      }
    };
  }

  private StmBenchmark.Plan plan() {
    try {
      return new StmBenchmark.Plan(
          loads.isEmpty() ? List.of(Load.values()) : loads,
          threads,
          peers.isEmpty() ? List.of(Peer.values()) : peers,
          or(keys, quick ? 10_000 : 100_000),
          or(rounds, quick ? 3 : 7),
          or(roundMillis, quick ? 30 : 400),
          quick ? 80 : 1_500);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private static int or(@Nullable Integer given, int usual) {
    return given == null ? usual : given;
  }

  private static String machineLine(StmBenchmark.Plan plan) {
    return Machine.line()
        + String.format(
            "%n%d keys of 10 characters (strings; for Khonsu and RocksDB byte arrays), boxed longs,"
                + " Khonsu SERIALIZABLE; %d rounds of %d ms each in turns, medians compared",
            plan.keys(), plan.rounds(), plan.roundMillis());
  }

  /** Finds loads by their ids. */
  static final class LoadConverter extends Choice<Load> {
    LoadConverter() {
      super(Load.values(), Load::id);
    }
  }

  /** Finds peers by their ids. */
  static final class PeerConverter extends Choice<Peer> {
    PeerConverter() {
      super(Peer.values(), Peer::id);
    }
  }
}
