package io.khonsu.server;

import io.khonsu.simulation.ClusterReport;
import io.khonsu.simulation.ClusterSimulation;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code khonsu simulate cluster}: whole nodes under simulated faults. */
@Command(
    name = "cluster",
    description = {
      "Runs whole nodes, and clients with transactions, on simulated networks, disks and clocks.",
      "",
      "Each seed makes one run of each family. Nodes that have applied as much must have the same"
          + " state; the clients' history must be strictly serializable; what was acknowledged must"
          + " be there at the end, on every node. Ends with 0 if nothing was found, with 1 if"
          + " something was; then the seed and the command that repeats the run are printed."
    })
final class SimulateClusterCommand implements Callable<Integer> {
  private static final int FAILURES_SHOWN = 20;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--seeds",
      paramLabel = "A..B",
      defaultValue = "1..3",
      converter = Seeds.Converter.class,
      description = "Which seeds, both ends included, or one; default ${DEFAULT-VALUE}.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Seeds seeds;

  @Option(
      names = "--family",
      paramLabel = "NAME",
      split = ",",
      description = "Only these families; --list names them. All by default.")
  private @Nullable List<String> families;

  @Option(
      names = "--defect",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Plants a defect, to see whether it is noticed; --list names them.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private String defect;

  @Option(names = "--list", description = "Lists families and defects, and runs nothing.")
  private boolean list;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<String> chosen = families == null ? ClusterSimulation.families() : families;
    chosen.forEach(family -> checkName("--family", family, ClusterSimulation.families()));
    if (!defect.isEmpty()) {
      checkName("--defect", defect, ClusterSimulation.defects());
    }
    if (list) {
      out.println("Families:");
      ClusterSimulation.families().forEach(name -> out.println("  " + name));
      out.println("Defects:");
      ClusterSimulation.defects().forEach(name -> out.println("  " + name));
      return ExitCode.OK.code();
    }
    int failures = 0;
    for (String family : chosen) {
      failures += run(family, out);
    }
    out.println(failures == 0 ? "Nothing was found." : "FAILED RUNS: " + failures);
    out.flush();
    return (failures == 0 ? ExitCode.OK : ExitCode.ANSWER_IS_NO).code();
  }

  private void checkName(String option, String name, List<String> names) {
    if (!names.contains(name)) {
      throw new ParameterException(
          spec.commandLine(), option + " knows no " + name + "; --list says what there is");
    }
  }

  private int run(String family, PrintWriter out) {
    ClusterReport.Counts counts = ClusterReport.Counts.NONE;
    int failed = 0;
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      for (long seed = seeds.first(); seed <= seeds.last(); seed++) {
        ClusterReport report = ClusterSimulation.run(family, seed, defect);
        counts = counts.plus(report.counts());
        failed += report.passed() ? 0 : 1;
        progress.show(String.format(Locale.ROOT, "%-20s seed %d", family, seed));
        boolean isShown = !report.passed() && failed <= FAILURES_SHOWN;
        if (isShown || seeds.first() == seeds.last()) {
          progress.clear();
          out.println(report);
        }
      }
      progress.clear();
    }
    out.println(
        String.format(
            Locale.ROOT,
            "%-20s failed %d  faults %,d  committed %,d  aborted %,d  unknown %,d  answered within"
                + " %d ticks",
            family,
            failed,
            counts.faults(),
            counts.committed(),
            counts.failed(),
            counts.unknown(),
            counts.answeredTicks()));
    return failed;
  }
}
