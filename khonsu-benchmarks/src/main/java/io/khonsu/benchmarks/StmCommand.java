package io.khonsu.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code bench stm}: Khonsu's transaction buffer beside other transactional memories. */
@Command(
    name = "stm",
    description =
        "Compares small transactions: Khonsu's buffer, maps under locks, ScalaSTM, Clojure, H2.",
    mixinStandardHelpOptions = true)
final class StmCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(names = "--quick", description = "Short rounds: shows that it works, not how fast.")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all that was measured there.")
  private @Nullable Path json;

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
      description = "Of rw-uniform, rw-zipf, ro10, hot, blind; all if not given.")
  private List<Load> loads = new ArrayList<>();

  @Option(
      names = "--peers",
      split = ",",
      converter = PeerConverter.class,
      description =
          "Of khonsu-key, khonsu-kept, khonsu-ref, khonsu-ssn, striped, locked, scala-ref,"
              + " scala-map, clojure, clojure-ensure, h2; all if not given.")
  private List<Peer> peers = new ArrayList<>();

  @Option(names = "--rounds", description = "Rounds per contender (7, with --quick 3).")
  private @Nullable Integer rounds;

  @Option(names = "--round-millis", description = "How long a round lasts (400, with --quick 100).")
  private @Nullable Integer roundMillis;

  @Option(names = "--keys", defaultValue = "100000", description = "Items (${DEFAULT-VALUE}).")
  private int keys;

  @Override
  public Integer call() throws InterruptedException, IOException {
    StmBenchmark.Plan plan = plan();
    PrintWriter out = spec.commandLine().getOut();
    out.println(machineLine(plan));
    out.println();
    StmBenchmark benchmark =
        new StmBenchmark(
            plan,
            measured -> {
              out.println(StmReport.table(measured));
              out.flush();
            });
    List<Measurement> all = benchmark.run();
    List<StmGoals.Verdict> verdicts = StmGoals.verdicts(all);
    verdicts.forEach(verdict -> out.println(verdict.line()));
    out.flush();
    if (json != null) {
      Files.writeString(json, Json.of(StmReport.values(plan, all, verdicts)));
    }
    return 0;
  }

  private StmBenchmark.Plan plan() {
    try {
      return new StmBenchmark.Plan(
          loads.isEmpty() ? List.of(Load.values()) : loads,
          threads,
          peers.isEmpty() ? List.of(Peer.values()) : peers,
          keys,
          or(rounds, quick ? 3 : 7),
          or(roundMillis, quick ? 100 : 400),
          quick ? 300 : 1_500);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private static int or(@Nullable Integer given, int usual) {
    return given == null ? usual : given;
  }

  private static String machineLine(StmBenchmark.Plan plan) {
    String facts =
        Machine.facts().entrySet().stream()
            .map(fact -> fact.getKey() + " " + fact.getValue())
            .collect(Collectors.joining(", "));
    return facts
        + String.format(
            "%n%d keys of 10 characters (strings; for Khonsu byte arrays), boxed longs, Khonsu"
                + " SERIALIZABLE; %d rounds of %d ms each in turns, medians compared",
            plan.keys(), plan.rounds(), plan.roundMillis());
  }

  private static <E> E choice(String name, Map<String, E> known) {
    E found = known.get(name);
    if (found == null) {
      throw new TypeConversionException("'" + name + "' is none of " + known.keySet());
    }
    return found;
  }

  /** Finds loads by their ids. */
  static final class LoadConverter implements ITypeConverter<Load> {
    @Override
    public Load convert(String value) {
      return choice(
          value, Arrays.stream(Load.values()).collect(Collectors.toMap(Load::id, load -> load)));
    }
  }

  /** Finds peers by their ids. */
  static final class PeerConverter implements ITypeConverter<Peer> {
    @Override
    public Peer convert(String value) {
      return choice(
          value, Arrays.stream(Peer.values()).collect(Collectors.toMap(Peer::id, peer -> peer)));
    }
  }
}
