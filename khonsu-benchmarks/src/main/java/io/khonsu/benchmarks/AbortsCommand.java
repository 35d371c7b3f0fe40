package io.khonsu.benchmarks;

import io.khonsu.mvcc.Certification;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench aborts}: how many transactions abort under which certification. */
@Command(
    name = "aborts",
    description =
        "Counts aborts by certification: Khonsu's OCC and SSN, SSI as PostgreSQL has it. Not timed:"
            + " the same numbers everywhere.",
    mixinStandardHelpOptions = true)
final class AbortsCommand implements Callable<Integer> {
  /** Snapshot isolation is no peer: it is not serializable. It shows what only writes cost. */
  static final Map<String, Supplier<AbortRule>> RULES = rules();

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--open",
      split = ",",
      defaultValue = "2,8,32",
      description = "Numbers of transactions open at a time (${DEFAULT-VALUE}).")
  private List<Integer> open = new ArrayList<>();

  @Option(
      names = "--attempts",
      defaultValue = "20000",
      description = "Commits tried, for each number (${DEFAULT-VALUE}).")
  private int attempts;

  @Option(names = "--seed", defaultValue = "1", description = "Of all choices (${DEFAULT-VALUE}).")
  private long seed;

  private static Map<String, Supplier<AbortRule>> rules() {
    Map<String, Supplier<AbortRule>> rules = new LinkedHashMap<>();
    rules.put("OCC", () -> KhonsuRule.serializable(Certification.OCC));
    rules.put("SSN", () -> KhonsuRule.serializable(Certification.SSN));
    rules.put("SSI (PostgreSQL)", PostgresRule::new);
    rules.put("SI, not serializable", KhonsuRule::snapshotIsolation);
    return rules;
  }

  @Override
  public Integer call() {
    if (attempts < 1 || open.stream().anyMatch(each -> each < 1)) {
      throw new ParameterException(spec.commandLine(), "--open and --attempts must be at least 1");
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%% of %d attempts that abort; 100 000 items, zipf 0.99, seed %d%n%n", attempts, seed);
    out.println("| load | open | " + String.join(" | ", RULES.keySet()) + " |");
    out.println("|---|---|" + "---|".repeat(RULES.size()));
    for (AbortLoad load : AbortLoad.ALL) {
      for (int each : open) {
        out.println(line(load, each));
        out.flush();
      }
    }
    return 0;
  }

  private String line(AbortLoad load, int openNow) {
    StringBuilder line = new StringBuilder("| " + load.id() + " | " + openNow + " |");
    for (Supplier<AbortRule> rule : RULES.values()) {
      AbortSimulation.Count count = AbortSimulation.run(rule.get(), load, openNow, attempts, seed);
      line.append(String.format(Locale.ROOT, " %.2f |", 100 * count.rate()));
    }
    return line.toString();
  }
}
