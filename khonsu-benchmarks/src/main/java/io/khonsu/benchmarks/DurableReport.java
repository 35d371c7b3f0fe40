package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Measurements as tables, as a chart, and as values for {@link Json}. */
final class DurableReport {
  private static final List<String> HEADER =
      List.of("commits/s", "x limit", "MB/s", "p50 us", "p99 us", "p99.9 us", "B/commit");
  private static final int SCHEMA_VERSION = 1;

  private final DurableBenchmark.Plan plan;
  private final String disk;
  private final List<DurableMeasurement> all;
  private final List<CrashOpening.Result> openings;

  /**
   * Creates a report.
   *
   * @param disk the type of its file system
   */
  DurableReport(
      DurableBenchmark.Plan plan,
      String disk,
      List<DurableMeasurement> all,
      List<CrashOpening.Result> openings) {
    this.plan = plan;
    this.disk = disk;
    this.all = all;
    this.openings = openings;
  }

  /** {@return a table of what was measured with one size and number of threads} */
  static String table(List<DurableMeasurement> measured) {
    StringBuilder table = new StringBuilder();
    table.append(line(measured.getFirst().setting(), HEADER));
    for (DurableMeasurement m : measured) {
      table.append(line(m.peer().title(), cells(m, measured)));
    }
    return table.toString();
  }

  private static String line(String title, List<String> cells) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-34s", title));
    cells.forEach(cell -> line.append(String.format(Locale.ROOT, " %10s", cell)));
    return line.append('\n').toString();
  }

  /** {@return a table for each size and number of threads} */
  String markdown() {
    StringBuilder out = new StringBuilder();
    out.append(Machine.line());
    out.append(
        String.format(
            Locale.ROOT,
            ", disk %s; %d rounds of %d ms in turns, medians.%n%n",
            disk,
            plan.rounds(),
            plan.roundMillis()));
    for (List<DurableMeasurement> measured : bySetting().values()) {
      List<String> header = new ArrayList<>(List.of(measured.getFirst().setting()));
      header.addAll(HEADER);
      List<List<String>> rows = new ArrayList<>();
      for (DurableMeasurement m : measured) {
        List<String> row = new ArrayList<>(List.of(m.peer().title()));
        row.addAll(cells(m, measured));
        rows.add(row);
      }
      out.append(Markdown.table(header, rows)).append('\n');
    }
    openings.forEach(opening -> out.append(opening.line()).append(".\n"));
    return out.toString();
  }

  /** {@return a panel for each size and number of threads} */
  String svg() {
    List<BarChart.Panel> panels = new ArrayList<>();
    bySetting()
        .forEach((setting, measured) ->
            panels.add(
                new BarChart.Panel(setting, measured.stream().map(DurableReport::bar).toList())));
    return BarChart.svg(
        "Durable commits beside Khonsu's peers",
        "Commits per second, longer is better; each panel has its own scale. Blue: Khonsu, brown:"
            + " the limit.",
        panels);
  }

  private static BarChart.Bar bar(DurableMeasurement m) {
    BarChart.Kind kind =
        m.peer() == DurablePeer.LIMIT
            ? BarChart.Kind.LIMIT
            : m.peer().isKhonsu() ? BarChart.Kind.OURS : BarChart.Kind.OTHER;
    double perSecond = m.medianPerSecond();
    return new BarChart.Bar(m.peer().title(), perSecond, Units.perSecond(perSecond), kind);
  }

  private static List<String> cells(DurableMeasurement m, List<DurableMeasurement> measured) {
    double perSecond = m.medianPerSecond();
    Optional<DurableMeasurement> limit =
        measured.stream().filter(other -> other.peer() == DurablePeer.LIMIT).findFirst();
    return List.of(
        Units.perSecond(perSecond),
        limit.map(l -> Units.ratio(perSecond / l.medianPerSecond())).orElse("-"),
        String.format(Locale.ROOT, "%.1f", perSecond * m.valueBytes() / 1e6),
        Units.micros(m.latencyNanos(0.5)),
        Units.micros(m.latencyNanos(0.99)),
        Units.micros(m.latencyNanos(0.999)),
        String.format(Locale.ROOT, "%.0f", m.bytesPerCommit()));
  }

  private Map<String, List<DurableMeasurement>> bySetting() {
    Map<String, List<DurableMeasurement>> settings = new LinkedHashMap<>();
    all.forEach(m -> settings.computeIfAbsent(m.setting(), _ -> new ArrayList<>()).add(m));
    return settings;
  }

  /** {@return everything, for {@link Json}} */
  Map<String, Object> values(List<Verdict> verdicts) {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("peers", plan.peers().stream().map(DurablePeer::id).toList());
    options.put("valueBytes", plan.valueBytes());
    options.put("threads", plan.threads());
    options.put("rounds", plan.rounds());
    options.put("roundMillis", plan.roundMillis());
    options.put("warmUpMillis", plan.warmUpMillis());
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("benchmark", DurableCommand.NAME);
    values.put("schemaVersion", SCHEMA_VERSION);
    values.put("machine", Machine.facts());
    values.put("disk", disk);
    values.put("options", options);
    values.put("measurements", all.stream().map(DurableReport::values).toList());
    values.put("openings", openings.stream().map(CrashOpening.Result::values).toList());
    values.put("goals", verdicts.stream().map(Verdict::values).toList());
    return values;
  }

  private static Map<String, Object> values(DurableMeasurement m) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("peer", m.peer().id());
    values.put("valueBytes", m.valueBytes());
    values.put("threads", m.threads());
    m.addTo(values);
    return values;
  }
}
