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
import picocli.CommandLine.Spec;

/** {@code bench consensus}: the replicas of a cluster on one thread. */
@Command(
    name = "consensus",
    description = "Measures how many entries replicas on one thread decide, in memory.",
    mixinStandardHelpOptions = true)
final class ConsensusCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(names = "--quick", description = "Short rounds: shows that it works, not how fast.")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all that was measured there.")
  private @Nullable Path json;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Machine.facts().forEach((name, value) -> out.print(name + " " + value + ", "));
    out.printf(
        "%n%8s %8s %8s %16s %10s %10s%n",
        "replicas", "entry B", "batch", "decided/s", "B/entry", "B/idle");
    Map<String, Object> values = new LinkedHashMap<>();
    for (int replicas : List.of(3, 5)) {
      for (int entryBytes : List.of(8, 128)) {
        for (int batch : List.of(1, 100, 1_000)) {
          ConsensusBenchmark.Setting setting =
              new ConsensusBenchmark.Setting(replicas, entryBytes, batch);
          ConsensusBenchmark.Figure figure =
              new ConsensusBenchmark(setting).run(quick ? 1 : 7, quick ? 20 : 300);
          print(out, figure);
          values.put(
              replicas + " replicas, " + entryBytes + " B, batch " + batch, figure.perSecond());
        }
      }
    }
    if (json != null) {
      Files.writeString(json, Json.of(values));
    }
    return 0;
  }

  private static void print(PrintWriter out, ConsensusBenchmark.Figure figure) {
    ConsensusBenchmark.Setting setting = figure.setting();
    out.printf(
        Locale.ROOT,
        "%8d %8d %8d %,16.0f %10.1f %10.2f%n",
        setting.replicas(),
        setting.entryBytes(),
        setting.batchEntries(),
        figure.perSecond(),
        figure.bytesPerEntry(),
        figure.idleBytes());
    out.flush();
  }
}
