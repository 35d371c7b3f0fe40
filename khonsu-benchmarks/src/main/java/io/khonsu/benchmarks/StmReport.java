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
          "%-25s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s",
          "M transactions/s",
          "best",
          "median",
          "x limit",
          "Khonsu x",
          "aborts",
          "p50 us",
          "p99 us",
          "p99.9 us",
          "cpu ns",
          "B/txn");

  private static final int SCHEMA_VERSION = 1;

  private StmReport() {}

  /**
   * {@return a table of each part of a load by so many threads}
   *
   * @param peers who is asked for, also those that cannot take part
   * @param measured what was measured of one load by so many threads
   */
  static String tables(List<Peer> peers, List<Measurement> measured) {
    Map<Load.Part, List<Measurement>> parts = new LinkedHashMap<>();
    measured.forEach(m -> parts.computeIfAbsent(m.part(), _ -> new ArrayList<>()).add(m));
    StringBuilder tables = new StringBuilder();
    for (List<Measurement> part : parts.values()) {
      tables.append(table(peers, part)).append('\n');
    }
    return tables.toString();
  }

  private static String table(List<Peer> peers, List<Measurement> measured) {
    Measurement first = measured.getFirst();
    StringBuilder table = new StringBuilder();
    table.append(first.id() + ": " + first.title());
    table.append(", " + Units.threads(first.threads()) + "\n" + HEADER + "\n");
    for (Peer peer : peers) {
      table.append(
          find(peer, measured)
              .map(ofPeer -> row(ofPeer, measured))
              .orElseGet(() -> absent(peer, first.load())));
      table.append('\n');
    }
    return table.toString();
  }

  private static String absent(Peer peer, Load load) {
    return String.format(Locale.ROOT, "%-25s %8s %s", peer.title(), "-", load.reasonAgainst(peer));
  }

  private static String row(Measurement measured, List<Measurement> all) {
    Optional<Measurement> limit = find(Peer.STRIPED, all);
    Optional<Measurement> khonsu = find(measured.peer().khonsu(), all);
    String failures = measured.failures() == 0 ? "" : "  gave up " + measured.failures();
    return String.format(
        Locale.ROOT,
        "%-25s %8.4f %8.4f %8s %8s %7.3f%% %8.2f %8.2f %8.2f %8.0f %8.0f%s",
        measured.peer().title(),
        measured.bestPerSecond() / 1e6,
        measured.medianPerSecond() / 1e6,
        ratio(limit.map(l -> measured.medianPerSecond() / l.medianPerSecond())),
        ratio(khonsu.map(k -> k.medianPerSecond() / measured.medianPerSecond())),
        measured.abortRate() * 100,
        measured.latencyNanos(0.5) / 1e3,
        measured.latencyNanos(0.99) / 1e3,
        measured.latencyNanos(0.999) / 1e3,
        measured.cpuNanosPerCommit(),
        measured.bytesPerCommit(),
        failures);
  }

  private static String ratio(Optional<Double> ratio) {
    return ratio.map(Units::ratio).orElse("-");
  }

  private static Optional<Measurement> find(Peer peer, List<Measurement> all) {
    return all.stream().filter(measurement -> measurement.peer() == peer).findFirst();
  }

  /** {@return everything, for {@link Json}} */
  static Map<String, Object> values(
      StmBenchmark.Plan plan, List<Measurement> all, List<Verdict> verdicts) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("benchmark", "stm");
    values.put("schemaVersion", SCHEMA_VERSION);
    values.put("machine", Machine.facts());
    values.put("options", options(plan));
    values.put("measurements", all.stream().map(StmReport::values).toList());
    values.put("absent", absent(plan));
    values.put("goals", verdicts.stream().map(Verdict::values).toList());
    return values;
  }

  private static Map<String, Object> options(StmBenchmark.Plan plan) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("loads", plan.loads().stream().map(Load::id).toList());
    values.put("threads", plan.threads());
    values.put("peers", plan.peers().stream().map(Peer::id).toList());
    values.put("keys", plan.keys());
    values.put("rounds", plan.rounds());
    values.put("roundMillis", plan.roundMillis());
    values.put("warmUpMillis", plan.warmUpMillis());
    return values;
  }

  private static List<Map<String, String>> absent(StmBenchmark.Plan plan) {
    List<Map<String, String>> absent = new ArrayList<>();
    for (Load load : plan.loads()) {
      for (Peer peer : plan.peers()) {
        String reason = load.reasonAgainst(peer);
        if (!reason.isEmpty()) {
          absent.add(Map.of("load", load.id(), "peer", peer.id(), "reason", reason));
        }
      }
    }
    return absent;
  }

  private static Map<String, Object> values(Measurement measured) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("load", measured.id());
    values.put("threads", measured.threads());
    values.put("peer", measured.peer().id());
    measured.addTo(values);
    return values;
  }
}
