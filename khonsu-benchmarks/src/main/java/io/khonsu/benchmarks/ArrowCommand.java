package io.khonsu.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench arrow}: rows through the public API beside plain Arrow vectors. */
@Command(
    name = "arrow",
    description = "Measures rows through the public API beside plain Arrow vectors.",
    mixinStandardHelpOptions = true)
final class ArrowCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(names = "--quick", description = "Few rows: shows that it works, not how fast.")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all that was measured there.")
  private @Nullable Path json;

  @Option(names = "--rows", description = "Rows of the table (200000, with --quick 5000).")
  private @Nullable Integer rows;

  @Option(names = "--rounds", description = "Rounds, after as many to warm up (15, --quick 3).")
  private @Nullable Integer rounds;

  @Override
  public Integer call() throws IOException {
    int rowCount = rows == null ? (quick ? 5_000 : 200_000) : rows;
    int roundCount = rounds == null ? (quick ? 3 : 15) : rounds;
    if (rowCount < 1 || roundCount < 1) {
      throw new ParameterException(spec.commandLine(), "--rows and --rounds must be at least 1");
    }
    PrintWriter out = spec.commandLine().getOut();
    Machine.facts().forEach((name, value) -> out.print(name + " " + value + ", "));
    out.printf("%n%d rows of 12 bytes, one thread, medians of %d rounds%n%n", rowCount, roundCount);
    double heapBytes = ArrowBenchmark.heapBytesPerRow(quick ? rowCount : 5 * rowCount);
    ArrowBenchmark.Taken taken = ArrowBenchmark.bytesPerSingleRow(rowCount);
    List<ArrowBenchmark.Figure> figures = new ArrowBenchmark(rowCount, roundCount).run();
    out.printf("%-40s %12s %12s%n", "", "ns/row", "B/row");
    for (ArrowBenchmark.Figure figure : figures) {
      out.printf(
          Locale.ROOT,
          "%-40s %12.1f %12.1f%n",
          figure.name(),
          figure.nanosPerRow(),
          figure.bytesPerRow());
    }
    Map<String, Double> ratios = ratios(figures, heapBytes, taken);
    out.println();
    ratios.forEach((goal, value) -> out.printf(Locale.ROOT, "%-64s %8.2f%n", goal, value));
    out.flush();
    if (json != null) {
      Files.writeString(json, Json.of(values(figures, ratios)));
    }
    return 0;
  }

  private static Map<String, Double> ratios(
      List<ArrowBenchmark.Figure> figures, double heapBytes, ArrowBenchmark.Taken taken) {
    Map<String, Double> nanos = new LinkedHashMap<>();
    figures.forEach(figure -> nanos.put(figure.name(), figure.nanosPerRow()));
    Map<String, Double> ratios = new LinkedHashMap<>();
    ratios.put(
        "bulk upsert, M rows/s (goal at least 2)", 1_000 / nanos(nanos, "bulk upsert, new rows"));
    ratios.put(
        "upsert of 1 row and commit, us (goal below 5)",
        nanos(nanos, "upsert of 1 row and commit") / 1_000);
    ratios.put(
        "scan and sum / sum of a plain vector (goal at most 3)",
        nanos(nanos, "scan, sum of a column") / nanos(nanos, "sum of a plain vector"));
    ratios.put("heap bytes per row beside its data (goal below 120)", heapBytes);
    ratios.put(
        "scan of 1-row writes, compacted / as loaded (goal at most 3)",
        nanos(nanos, "the same, compacted once") / nanos(nanos, "scan, sum of a column"));
    ratios.put(
        "scan of 1 row in 10 changed, compacted / as loaded (at most 3)",
        nanos(nanos, "the same, compacted") / nanos(nanos, "scan, sum of a column"));
    ratios.put("all bytes per row written by itself", taken.before());
    ratios.put("the same, compacted", taken.after());
    return ratios;
  }

  private static double nanos(Map<String, Double> figures, String name) {
    Double value = figures.get(name);
    if (value == null) {
      throw new IllegalStateException("nothing was measured as " + name);
    }
    return value;
  }

  private static Map<String, Object> values(
      List<ArrowBenchmark.Figure> figures, Map<String, Double> ratios) {
    Map<String, Object> measured = new LinkedHashMap<>();
    for (ArrowBenchmark.Figure figure : figures) {
      measured.put(
          figure.name(),
          Map.of("nanosPerRow", figure.nanosPerRow(), "bytesPerRow", figure.bytesPerRow()));
    }
    Map<String, Object> all = new LinkedHashMap<>(Map.of("machine", Machine.facts()));
    all.put("figures", measured);
    all.put("ratios", ratios);
    return all;
  }
}
