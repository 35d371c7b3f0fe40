package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Measurements as a table for people, and as values for {@link Json}. */
final class StmReport {
  private static final String HEADER =
      String.format(
          Locale.ROOT,
          "%-25s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s",
          "M transactions/s",
          "best",
          "median",
          "x limit",
          "(best)",
          "Khonsu x",
          "aborts",
          "p50 us",
          "p99 us",
          "p99.9 us",
          "cpu ns",
          "B/txn");

  private StmReport() {}

  /** {@return a table of all contenders under one load by so many threads} */
  static String table(List<Measurement> measurements) {
    Measurement first = measurements.getFirst();
    StringBuilder table = new StringBuilder();
    String threads = first.threads() == 1 ? " thread" : " threads";
    table.append(first.load().id() + ", " + first.threads() + threads + "\n");
    table.append(HEADER).append('\n');
    for (Measurement measurement : measurements) {
      table.append(row(measurement, measurements)).append('\n');
    }
    return table.toString();
  }

  private static String row(Measurement measured, List<Measurement> all) {
    Optional<Measurement> limit = find(Peer.STRIPED, all);
    Optional<Measurement> khonsu = find(measured.peer().khonsu(), all);
    return String.format(
        Locale.ROOT,
        "%-25s %8.3f %8.3f %8s %8s %8s %7.3f%% %8.2f %8.2f %8.2f %8.0f %8.0f",
        measured.peer().title(),
        measured.bestPerSecond() / 1e6,
        measured.medianPerSecond() / 1e6,
        ratio(limit.map(l -> measured.medianPerSecond() / l.medianPerSecond())),
        ratio(limit.map(l -> measured.bestPerSecond() / l.bestPerSecond())),
        ratio(khonsu.map(k -> k.medianPerSecond() / measured.medianPerSecond())),
        measured.abortRate() * 100,
        measured.latencyNanos(0.5) / 1e3,
        measured.latencyNanos(0.99) / 1e3,
        measured.latencyNanos(0.999) / 1e3,
        measured.cpuNanosPerCommit(),
        measured.bytesPerCommit());
  }

  private static String ratio(Optional<Double> ratio) {
    return ratio.map(value -> String.format(Locale.ROOT, "%.2f", value)).orElse("-");
  }

  private static Optional<Measurement> find(Peer peer, List<Measurement> all) {
    return all.stream().filter(measurement -> measurement.peer() == peer).findFirst();
  }

  /** {@return everything, for {@link Json}} */
  static Map<String, Object> values(
      StmBenchmark.Plan plan, List<Measurement> all, List<StmGoals.Verdict> verdicts) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("machine", Machine.facts());
    values.put("keys", plan.keys());
    values.put("rounds", plan.rounds());
    values.put("roundMillis", plan.roundMillis());
    values.put("warmUpMillis", plan.warmUpMillis());
    List<Object> measurements = new ArrayList<>();
    for (Measurement measurement : all) {
      measurements.add(values(measurement));
    }
    values.put("measurements", measurements);
    List<Object> goals = new ArrayList<>();
    for (StmGoals.Verdict verdict : verdicts) {
      Map<String, Object> goal = new LinkedHashMap<>();
      goal.put("goal", verdict.goal());
      goal.put("median", verdict.median());
      goal.put("best", verdict.best());
      goal.put("reached", verdict.reached());
      goals.add(goal);
    }
    values.put("goals", goals);
    return values;
  }

  private static Map<String, Object> values(Measurement measured) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("load", measured.load().id());
    values.put("threads", measured.threads());
    values.put("peer", measured.peer().id());
    values.put("bestPerSecond", measured.bestPerSecond());
    values.put("medianPerSecond", measured.medianPerSecond());
    values.put(
        "roundsPerSecond", measured.rounds().stream().map(Measurement.Round::perSecond).toList());
    values.put("abortRate", measured.abortRate());
    values.put("p50Nanos", measured.latencyNanos(0.5));
    values.put("p99Nanos", measured.latencyNanos(0.99));
    values.put("p999Nanos", measured.latencyNanos(0.999));
    values.put("cpuNanosPerCommit", measured.cpuNanosPerCommit());
    values.put("bytesPerCommit", measured.bytesPerCommit());
    return values;
  }
}
