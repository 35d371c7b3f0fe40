package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Measurements of clusters as tables, as a chart, and as values for {@link Json}. */
final class ClusterReport {
  private static final List<String> HEADER =
      List.of("commits/s", "x ceiling", "MB/s", "p50 ms", "p99 ms", "CPU us", "failed");
  private static final List<String> BEGINNING_HEADER =
      List.of("first commit s", "cold commits/s", "idle cores");
  private static final List<String> FAILOVER_HEADER = List.of("kills", "p50 ms", "worst ms");
  private static final List<String> STALLS_HEADER = List.of("stalls", "other leaders");
  private static final int SCHEMA_VERSION = 1;

  private final ClusterBenchmark.Plan plan;
  private final String disk;
  private final ClusterBenchmark.Result result;

  /**
   * Creates a report.
   *
   * @param disk the type of its file system
   */
  ClusterReport(ClusterBenchmark.Plan plan, String disk, ClusterBenchmark.Result result) {
    this.plan = plan;
    this.disk = disk;
    this.result = result;
  }

  /** A table before it is drawn. */
  private record Table(String title, List<String> header, List<List<String>> rows) {
    private String text() {
      StringBuilder text = new StringBuilder(line(title, header));
      rows.forEach(row -> text.append(line(row.getFirst(), row.subList(1, row.size()))));
      return text.toString();
    }

    private String markdown() {
      List<String> heads = new ArrayList<>(List.of(title));
      heads.addAll(header);
      return Markdown.table(heads, rows) + "\n";
    }

    private static String line(String first, List<String> cells) {
      StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-34s", first));
      cells.forEach(cell -> line.append(String.format(Locale.ROOT, " %14s", cell)));
      return line.append('\n').toString();
    }
  }

  /** {@return a table of what was measured under one load} */
  static String table(List<ClusterMeasurement> measured) {
    return of(measured).text();
  }

  /** {@return tables of how systems begin, what a stall does to them, and a leader's end} */
  String closingTables() {
    StringBuilder out = new StringBuilder(beginnings().text()).append('\n');
    out.append(stalls().text()).append('\n').append(failovers().text());
    result.failures().forEach((peer, why) -> out.append(failure(peer, why)));
    return out.toString();
  }

  private static String failure(ClusterPeer peer, String why) {
    return "%s was given up: %s%n".formatted(peer.title(), why);
  }

  private static Table of(List<ClusterMeasurement> measured) {
    List<List<String>> rows = new ArrayList<>();
    for (ClusterMeasurement m : measured) {
      rows.add(
          List.of(
              m.peer().title(),
              Units.perSecond(m.medianPerSecond()),
              best(measured, m.peer().ceiling())
                  .map(limit -> Units.ratio(m.medianPerSecond() / limit.medianPerSecond()))
                  .orElse("-"),
              number("%.1f", m.megabytesPerSecond()),
              millis(m.latencyNanos(0.5)),
              millis(m.latencyNanos(0.99)),
              number("%.0f", m.cpuNanosPerCommit() / 1e3),
              Long.toString(m.failures())));
    }
    return new Table(measured.getFirst().setting().title(), HEADER, rows);
  }

  private static Optional<ClusterMeasurement> best(
      List<ClusterMeasurement> measured, ClusterPeer peer) {
    return measured.stream().filter(m -> m.peer() == peer).findFirst();
  }

  private Table beginnings() {
    List<List<String>> rows = new ArrayList<>();
    for (ClusterBenchmark.Beginning each : result.beginnings()) {
      rows.add(
          List.of(
              each.peer().title(),
              number("%.2f", each.firstCommitNanos() / 1e9),
              Units.perSecond(each.cold().perSecond()),
              number("%.3f", each.idleCores())));
    }
    return new Table("after the start", BEGINNING_HEADER, rows);
  }

  private Table stalls() {
    List<List<String>> rows = new ArrayList<>();
    for (ClusterBenchmark.Stalls each : result.stalls()) {
      rows.add(
          List.of(
              each.peer().title(),
              Integer.toString(each.count()),
              Integer.toString(each.changes())));
    }
    return new Table("all processes stand still for 1 s", STALLS_HEADER, rows);
  }

  private Table failovers() {
    List<List<String>> rows = new ArrayList<>();
    for (ClusterBenchmark.Failover each : result.failovers()) {
      rows.add(
          List.of(
              each.peer().title(),
              Integer.toString(each.nanos().size()),
              number("%.0f", each.medianMillis()),
              number("%.0f", each.worstMillis())));
    }
    return new Table("leader kill to next commit", FAILOVER_HEADER, rows);
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }

  private static String millis(long nanos) {
    return number(nanos >= 10_000_000 ? "%.0f" : "%.2f", nanos / 1e6);
  }

  /** {@return all tables, and what the verdicts are} */
  String markdown(List<Verdict> verdicts) {
    StringBuilder out = new StringBuilder();
    out.append(
        "cores %s, jvm %s, os %s, disk %s; virtual machines with %s, Khonsu's nodes with a cache and %s; %d rounds of %d ms in turns, medians.%n%n"
            .formatted(
                Machine.facts().get("cores"),
                Machine.facts().get("jvm"),
                Machine.facts().get("os"),
                disk,
                ChildProcess.flags(),
                String.join(" ", NodeCache.COMPILER_FLAGS),
                plan.rounds(),
                plan.roundMillis()));
    bySetting().values().forEach(measured -> out.append(of(measured).markdown()));
    out.append(beginnings().markdown()).append(stalls().markdown());
    out.append(failovers().markdown());
    for (ClusterPeer peer : result.failures().keySet()) {
      out.append("%s failed, and is missing from then on.%n%n".formatted(peer.title()));
    }
    List<List<String>> rows = new ArrayList<>();
    for (Verdict verdict : verdicts) {
      rows.add(
          List.of(
              verdict.goal(),
              verdict.contender() + " " + number("%.2f", verdict.measured()),
              verdict.reached() ? "reached" : "missed"));
    }
    return out.append(Markdown.table(List.of("goal", "measured", ""), rows)).toString();
  }

  /** {@return a panel for each load, and one for the times without a leader} */
  String svg() {
    List<BarChart.Panel> panels = new ArrayList<>();
    bySetting()
        .forEach((setting, measured) ->
            panels.add(
                new BarChart.Panel(
                    setting + ", commits/s",
                    measured.stream()
                        .map(m ->
                            bar(
                                m.peer(),
                                m.medianPerSecond(),
                                Units.perSecond(m.medianPerSecond())))
                        .toList())));
    panels.add(
        new BarChart.Panel(
            "leader kill to next commit, ms: shorter is better",
            result.failovers().stream()
                .map(each ->
                    bar(each.peer(), each.medianMillis(), number("%.0f", each.medianMillis())))
                .toList()));
    return BarChart.svg(
        "Clusters of three processes beside Khonsu",
        "Medians; each panel has its own scale. Blue: Khonsu, brown: the machine's limits.",
        panels);
  }

  private static BarChart.Bar bar(ClusterPeer peer, double value, String text) {
    BarChart.Kind kind =
        peer.isLimit()
            ? BarChart.Kind.LIMIT
            : peer.isKhonsu() ? BarChart.Kind.OURS : BarChart.Kind.OTHER;
    return new BarChart.Bar(peer.title(), value, text, kind);
  }

  private Map<String, List<ClusterMeasurement>> bySetting() {
    Map<String, List<ClusterMeasurement>> settings = new LinkedHashMap<>();
    for (ClusterMeasurement m : result.measurements()) {
      settings.computeIfAbsent(m.setting().title(), _ -> new ArrayList<>()).add(m);
    }
    return settings;
  }

  /** {@return everything, for {@link Json}} */
  Map<String, Object> values(List<Verdict> verdicts) {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("peers", plan.peers().stream().map(ClusterPeer::id).toList());
    options.put("loads", plan.settings().stream().map(ClusterLoad.Setting::text).toList());
    options.put("rounds", plan.rounds());
    options.put("roundMillis", plan.roundMillis());
    options.put("warmUpMillis", plan.warmUpMillis());
    options.put("virtualMachines", ChildProcess.flags());
    options.put("khonsuNodes", String.join(" ", NodeCache.COMPILER_FLAGS));
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("benchmark", ClusterCommand.NAME);
    values.put("schemaVersion", SCHEMA_VERSION);
    values.put("machine", Machine.facts());
    values.put("disk", disk);
    values.put("options", options);
    values.put("measurements", result.measurements().stream().map(ClusterReport::values).toList());
    values.put("beginnings", result.beginnings().stream().map(ClusterReport::values).toList());
    values.put("stalls", result.stalls().stream().map(ClusterReport::values).toList());
    values.put("failovers", result.failovers().stream().map(ClusterReport::values).toList());
    Map<String, Object> failures = new LinkedHashMap<>();
    result.failures().forEach((peer, why) -> failures.put(peer.id(), why));
    values.put("failures", failures);
    values.put("goals", verdicts.stream().map(Verdict::values).toList());
    return values;
  }

  private static Map<String, Object> values(ClusterMeasurement m) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("peer", m.peer().id());
    values.put("clients", m.setting().clients());
    values.put("valueBytes", m.setting().valueBytes());
    m.addTo(values);
    return values;
  }

  private static Map<String, Object> values(ClusterBenchmark.Beginning beginning) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("peer", beginning.peer().id());
    values.put("firstCommitNanos", beginning.firstCommitNanos());
    values.put("coldPerSecond", beginning.cold().perSecond());
    values.put("idleCores", beginning.idleCores());
    return values;
  }

  private static Map<String, Object> values(ClusterBenchmark.Stalls stalls) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("peer", stalls.peer().id());
    values.put("count", stalls.count());
    values.put("changes", stalls.changes());
    return values;
  }

  private static Map<String, Object> values(ClusterBenchmark.Failover failover) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("peer", failover.peer().id());
    values.put("nanos", failover.nanos());
    return values;
  }
}
