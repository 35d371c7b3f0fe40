package io.khonsu.server;

import io.khonsu.simulation.ConsensusSimulation;
import io.khonsu.simulation.LongProfile;
import io.khonsu.simulation.RunReport;
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

/** {@code khonsu simulate consensus}: the consensus protocol under simulated faults. */
@Command(
    name = "consensus",
    description = {
      "Runs the consensus protocol on simulated networks, disks and clocks.",
      "",
      "Each seed makes one run of each family: a cluster, what goes wrong in it and what its"
          + " clients do. After every step of every replica the invariants of the protocol are"
          + " checked; at the end everything is healed and the cluster must become whole. Ends with"
          + " 0 if nothing was found, with 1 if something was; then the seed and the command that"
          + " repeats the run are printed."
    })
final class SimulateConsensusCommand implements Callable<Integer> {
  private static final int FAILURES_SHOWN = 20;
  private static final long TICK_UNITS = 100;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--seeds",
      paramLabel = "A..B",
      defaultValue = "1..10",
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

  @Option(
      names = "--partitions",
      description =
          "Instead of families runs partitions that stay, and prints how long until something was"
              + " decided again: minimum, median and maximum in election timeouts (ET).")
  private boolean partitions;

  @Option(
      names = "--delay",
      paramLabel = "TICKS",
      defaultValue = "0.1",
      description =
          "How long a message takes with --partitions, 0 to 5; an election timeout is 10 ticks;"
              + " default ${DEFAULT-VALUE}.")
  private double delay;

  @Option(
      names = "--long",
      paramLabel = "SEED",
      arity = "0..1",
      fallbackValue = "" + LongProfile.HELD_OUT,
      description = {
        "Runs the long profile, with seeds from SEED on, by default held-out ones: 3000 of each of"
            + " the 31 basic families, 300 of the others, 300 of each partition at each of three"
            + " delays. Takes hours; after each of 30 rounds it prints the sums, and may be"
            + " stopped."
      })
  private @Nullable Long longFirst;

  @Option(names = "--trace", description = "Tells everything that happens in one run.")
  private boolean trace;

  @Option(names = "--list", description = "Lists families and defects, and runs nothing.")
  private boolean list;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<String> chosen = families == null ? ConsensusSimulation.families() : families;
    checkArguments(chosen);
    if (list) {
      out.println("Families:");
      ConsensusSimulation.families().forEach(name -> out.println("  " + name));
      out.println("Defects:");
      ConsensusSimulation.defects().forEach(name -> out.println("  " + name));
      return ExitCode.OK.code();
    }
    if (longFirst != null) {
      return verdict(out, LongProfile.run(longFirst, line -> print(out, line)));
    }
    if (partitions) {
      long units = Math.round(delay * TICK_UNITS);
      int failures =
          ConsensusSimulation.partitions(seeds.first(), seeds.last(), units, out::println);
      return verdict(out, failures);
    }
    if (trace) {
      RunReport report =
          ConsensusSimulation.narrate(chosen.getFirst(), seeds.first(), defect, out::println);
      out.println(report);
      return verdict(out, report.passed() ? 0 : 1);
    }
    return verdict(out, run(chosen, out));
  }

  private static void print(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }

  private void checkArguments(List<String> chosen) {
    for (String family : chosen) {
      checkName("--family", family, ConsensusSimulation.families());
    }
    if (!defect.isEmpty()) {
      checkName("--defect", defect, ConsensusSimulation.defects());
    }
    if (delay < 0 || delay > 5) {
      throw new ParameterException(
          spec.commandLine(), "--delay must be 0 to 5 ticks, but is " + delay);
    }
    if (trace && (chosen.size() != 1 || seeds.first() != seeds.last())) {
      throw new ParameterException(
          spec.commandLine(), "--trace tells of one run: give one --family and one of --seeds");
    }
  }

  private void checkName(String option, String name, List<String> names) {
    if (!names.contains(name)) {
      throw new ParameterException(
          spec.commandLine(), option + " knows no " + name + "; --list says what there is");
    }
  }

  private int run(List<String> chosen, PrintWriter out) {
    int failures = 0;
    long runs = 0;
    RunReport.Counts all = RunReport.Counts.NONE;
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      for (String family : chosen) {
        RunReport.Counts counts = RunReport.Counts.NONE;
        int failed = 0;
        for (long seed = seeds.first(); seed <= seeds.last(); seed++) {
          RunReport report = ConsensusSimulation.run(family, seed, defect);
          counts = counts.plus(report.counts());
          failed += report.passed() ? 0 : 1;
          runs++;
          progress.show(String.format(Locale.ROOT, "%-44s %,10d runs", family, runs));
          boolean isShown = !report.passed() && failures + failed <= FAILURES_SHOWN;
          if (isShown || seeds.first() == seeds.last()) {
            progress.clear();
            out.println(report);
          }
        }
        progress.clear();
        out.println(line(family, failed, counts));
        failures += failed;
        all = all.plus(counts);
      }
    }
    out.println(line("all", failures, all));
    return failures;
  }

  private String line(String name, int failed, RunReport.Counts counts) {
    return String.format(
        Locale.ROOT,
        "%-44s failed %d  steps %,d  faults %,d  decided %,d  configurations %,d  reads %,d "
            + " settled within %d ticks",
        name,
        failed,
        counts.steps(),
        counts.faults(),
        counts.decided(),
        counts.configurations(),
        counts.reads(),
        counts.settledTicks());
  }

  private static int verdict(PrintWriter out, int failures) {
    out.println(failures == 0 ? "Nothing was found." : "FAILED RUNS: " + failures);
    out.flush();
    return (failures == 0 ? ExitCode.OK : ExitCode.ANSWER_IS_NO).code();
  }
}
