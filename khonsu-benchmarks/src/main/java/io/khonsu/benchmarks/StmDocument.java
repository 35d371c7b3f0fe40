package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Measurements as the documentation shows them: tables and a chart. */
final class StmDocument {
  private static final int THREADS = 2;
  private static final List<Load> DETAILED =
      List.of(Load.RW_UNIFORM, Load.RW_ZIPF, Load.HOT, Load.SMALLBANK);
  private static final int COLUMNS_MAX = 5;

  private final StmBenchmark.Plan plan;
  private final List<Measurement> all;

  StmDocument(StmBenchmark.Plan plan, List<Measurement> all) {
    this.plan = plan;
    this.all = all;
  }

  /** {@return all tables, each with a line that says what it shows} */
  String markdown() {
    StringBuilder out = new StringBuilder();
    out.append(machine()).append("\n\n");
    for (int threads : plan.threads()) {
      List<String> ids = ids(threads);
      for (int from = 0; from < ids.size(); from += COLUMNS_MAX) {
        out.append(
            throughputs(threads, ids.subList(from, Math.min(ids.size(), from + COLUMNS_MAX))));
        out.append('\n');
      }
    }
    for (Load load : DETAILED) {
      List<Measurement> measured = find(load.id(), THREADS);
      if (!measured.isEmpty()) {
        out.append(details(load, measured)).append('\n');
      }
    }
    out.append("A dash: ").append(reasons()).append(".\n");
    return out.toString();
  }

  /** {@return the chart: a panel for each load with two threads, or as many as there were} */
  String svg() {
    int threads = plan.threads().contains(THREADS) ? THREADS : plan.threads().getFirst();
    List<BarChart.Panel> panels = new ArrayList<>();
    for (String id : ids(threads)) {
      List<Measurement> measured = find(id, threads);
      List<BarChart.Bar> bars = measured.stream().map(StmDocument::bar).toList();
      panels.add(new BarChart.Panel(measured.getFirst().title(), bars));
    }
    String subtitle =
        "Transactions per second by %s on %d items, longer is better; each panel has its own scale."
                .formatted(Units.threads(threads), plan.keys())
            + " Blue: Khonsu, brown: the limit.";
    return BarChart.svg("Khonsu's transaction buffer beside its peers", subtitle, panels);
  }

  private static BarChart.Bar bar(Measurement measured) {
    BarChart.Kind kind = BarChart.Kind.OTHER;
    if (measured.peer().has(Peer.Trait.KHONSU)) {
      kind = BarChart.Kind.OURS;
    } else if (measured.peer() == Peer.STRIPED) {
      kind = BarChart.Kind.LIMIT;
    }
    double perSecond = measured.medianPerSecond();
    return new BarChart.Bar(measured.peer().title(), perSecond, Units.perSecond(perSecond), kind);
  }

  private String machine() {
    return Machine.line()
        + String.format(
            Locale.ROOT,
            "; %d items, %d rounds of %d ms in turns, medians.",
            plan.keys(),
            plan.rounds(),
            plan.roundMillis());
  }

  private String throughputs(int threads, List<String> ids) {
    List<String> header =
        new ArrayList<>(List.of(Units.threads(threads) + ", per second (x limit)"));
    header.addAll(ids);
    List<List<String>> rows = new ArrayList<>();
    for (Peer peer : plan.peers()) {
      List<String> row = new ArrayList<>(List.of(peer.title()));
      ids.forEach(id -> row.add(throughput(peer, find(id, threads))));
      rows.add(row);
    }
    return Markdown.table(header, rows);
  }

  private static String throughput(Peer peer, List<Measurement> measured) {
    Optional<Measurement> ofPeer = find(peer, measured);
    if (ofPeer.isEmpty()) {
      return "-";
    }
    double perSecond = ofPeer.get().medianPerSecond();
    return find(Peer.STRIPED, measured)
        .filter(limit -> limit.peer() != peer)
        .map(limit -> perSecond / limit.medianPerSecond())
        .map(ratio -> Units.perSecond(perSecond) + " (" + Units.ratio(ratio) + ")")
        .orElseGet(() -> Units.perSecond(perSecond));
  }

  private static String details(Load load, List<Measurement> measured) {
    List<String> header =
        List.of(
            load.title() + ", " + Units.threads(THREADS),
            "aborts",
            "p50 us",
            "p99 us",
            "p99.9 us",
            "B/transaction",
            "Khonsu x");
    return Markdown.table(header, measured.stream().map(m -> details(m, measured)).toList());
  }

  private static List<String> details(Measurement m, List<Measurement> measured) {
    String ratio =
        find(m.peer().khonsu(), measured)
            .map(ours -> ours.medianPerSecond() / m.medianPerSecond())
            .map(Units::ratio)
            .orElse("-");
    return List.of(
        m.peer().title(),
        String.format(Locale.ROOT, "%.2f %%", m.abortRate() * 100),
        Units.micros(m.latencyNanos(0.5)),
        Units.micros(m.latencyNanos(0.99)),
        Units.micros(m.latencyNanos(0.999)),
        String.format(Locale.ROOT, "%.0f", m.bytesPerCommit()),
        ratio);
  }

  private String reasons() {
    return plan.loads().stream()
        .flatMap(load -> reasons(load).map(reason -> load.id() + ": " + reason))
        .collect(Collectors.joining("; "));
  }

  private Stream<String> reasons(Load load) {
    return plan.peers().stream()
        .map(load::reasonAgainst)
        .filter(reason -> !reason.isEmpty())
        .distinct();
  }

  private List<String> ids(int threads) {
    return all.stream()
        .filter(m -> m.threads() == threads)
        .map(Measurement::id)
        .distinct()
        .toList();
  }

  private List<Measurement> find(String id, int threads) {
    return all.stream().filter(m -> m.id().equals(id) && m.threads() == threads).toList();
  }

  private static Optional<Measurement> find(Peer peer, List<Measurement> measured) {
    return measured.stream().filter(m -> m.peer() == peer).findFirst();
  }
}
