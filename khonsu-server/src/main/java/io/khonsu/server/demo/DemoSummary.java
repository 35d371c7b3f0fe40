package io.khonsu.server.demo;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.khonsu.server.demo.DemoReport.Collision;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The reports of both acts of the demo as one screen for people, or as a tree for programs. */
public final class DemoSummary {
  private static final double NANOS = 1e9;

  private final DemoReport report;
  private final DurableReport durable;
  private final List<String> lines = new ArrayList<>();

  private DemoSummary(DemoReport report, DurableReport durable) {
    this.report = report;
    this.durable = durable;
  }

  /** {@return the reports in at most 24 lines of 100 characters} */
  public static List<String> lines(DemoReport report, DurableReport durable) {
    DemoSummary summary = new DemoSummary(report, durable);
    summary.addWork();
    summary.addProof();
    summary.addConflicts();
    summary.addPast();
    summary.lines.addAll(durable.lines());
    summary.addVerdict();
    return summary.lines;
  }

  /** {@return whether both acts went as they should} */
  public static boolean holds(DemoReport report, DurableReport durable) {
    return report.holds() && durable.holds();
  }

  /** {@return the reports as maps, lists, strings, numbers and booleans} */
  public static Map<String, Object> tree(DemoReport report, DurableReport durable) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("holds", holds(report, durable));
    tree.put("invariantHolds", report.invariantHolds());
    tree.put("threads", report.settings().threads());
    tree.put("seed", report.settings().seed());
    DemoReport.Load load = report.load();
    Map<String, Object> loaded = new LinkedHashMap<>();
    loaded.put("flights", load.flights());
    loaded.put("airports", load.airports());
    loaded.put("minutes", load.minutes());
    loaded.put("seconds", load.nanos() / NANOS);
    tree.put("load", loaded);
    DemoReport.Work work = report.work();
    Map<String, Object> worked = new LinkedHashMap<>();
    worked.put("seconds", work.nanos() / NANOS);
    worked.put("transactions", work.transactions());
    worked.put("transactionsPerSecond", work.transactionsPerSecond());
    worked.put("retries", work.retries());
    worked.put("aborts", work.aborts());
    tree.put("work", worked);
    Audit audit = report.audit();
    Map<String, Object> audited = new LinkedHashMap<>();
    audited.put("version", audit.version());
    audited.put("flights", audit.flights());
    audited.put("flightMinutes", audit.flightMinutes());
    audited.put("airportMinutes", audit.airportMinutes());
    audited.put("wrongAirports", audit.wrongAirports());
    audited.put("scanSeconds", audit.scanNanos() / NANOS);
    audited.put("liveSnapshots", report.liveAudits().snapshots());
    audited.put("wrongLiveSnapshots", report.liveAudits().wrong());
    tree.put("audit", audited);
    tree.put("conflicts", report.conflicts().stream().map(DemoSummary::tree).toList());
    addPast(tree, report);
    tree.put("durable", durable.tree());
    return tree;
  }

  private static Map<String, Object> tree(Collision collision) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("strategy", collision.strategy());
    tree.put("type", collision.type());
    tree.put("committed", collision.isCommitted());
    tree.put("notices", collision.notices());
    tree.put("asPromised", collision.isAsPromised());
    return tree;
  }

  private static void addPast(Map<String, Object> tree, DemoReport report) {
    DemoReport.Rollback rollback = report.rollback();
    Map<String, Object> undone = new LinkedHashMap<>();
    undone.put("deleted", rollback.deleted());
    undone.put("seenInside", rollback.seenInside());
    undone.put("seenAfter", rollback.seenAfter());
    tree.put("rollback", undone);
    DemoReport.TimeTravel travel = report.timeTravel();
    Map<String, Object> travelled = new LinkedHashMap<>();
    travelled.put("airport", travel.airport());
    travelled.put("version", travel.version());
    travelled.put("minutesThen", travel.minutesThen());
    travelled.put("minutesNow", travel.minutesNow());
    travelled.put("secondsAgo", travel.agoNanos() / NANOS);
    travelled.put("unchanged", travel.isUnchanged());
    travelled.put("instantHolds", travel.instantHolds());
    tree.put("timeTravel", travelled);
  }

  private void addWork() {
    DemoReport.Load load = report.load();
    lines.add("Khonsu demo: serializable transactions over Arrow record batches, in memory");
    lines.add("");
    line("Loaded", "%,12d flights", load.flights());
    line("", "%,12d airports, in %.2f s", load.airports(), load.nanos() / NANOS);
    DemoReport.Work work = report.work();
    line(
        "Ran",
        "%,12d transactions in %.1f s on %d threads, each moved a flight and its delay",
        work.transactions(),
        work.nanos() / NANOS,
        report.settings().threads());
    line("", "%,12d a second", work.transactionsPerSecond());
    line("", "%,12d aborts%s, %,d retries", aborts(), reasons(), work.retries());
  }

  private long aborts() {
    return report.work().aborts().values().stream().mapToLong(Long::longValue).sum();
  }

  private String reasons() {
    StringBuilder text = new StringBuilder();
    report
        .work()
        .aborts()
        .forEach((type, count) -> {
          text.append(text.isEmpty() ? " (" : ", ");
          text.append(text("%s %,d", type, count));
        });
    return text.isEmpty() ? "" : text.append(')').toString();
  }

  private void addProof() {
    Audit audit = report.audit();
    line("Proof", "%,12d delay minutes when loaded", report.load().minutes());
    line(
        "",
        "%,12d in a columnar scan of the flights, which took %.0f ms",
        audit.flightMinutes(),
        audit.scanNanos() / 1e6);
    line(
        "",
        "%,12d in the airports' totals, %s",
        audit.airportMinutes(),
        audit.wrongAirports() == 0
            ? "and every airport's are those of its flights"
            : text("%,d OF THEM WRONG", audit.wrongAirports()));
    line(
        "",
        "%,12d snapshots taken under way, %s",
        report.liveAudits().snapshots(),
        report.liveAudits().wrong() == 0
            ? "all with that very sum"
            : text("%,d WITH ANOTHER SUM", report.liveAudits().wrong()));
  }

  private void addConflicts() {
    lines.add("");
    for (Collision collision : report.conflicts()) {
      line(
          collision.equals(report.conflicts().getFirst()) ? "Conflicts" : "",
          "%-8s %s: the second %s, leaving %s%s",
          collision.strategy(),
          collision.type(),
          what(collision),
          String.join(" and ", collision.notices()),
          collision.isAsPromised() ? "" : "   NOT AS PROMISED");
    }
  }

  private static String what(Collision collision) {
    return switch (collision.strategy()) {
      case "FAIL" -> "aborts";
      case "IGNORE" -> "commits without its write";
      case "REPLACE" -> "overwrites the first";
      default -> "is merged into the first";
    };
  }

  private void addPast() {
    DemoReport.Rollback rollback = report.rollback();
    line(
        "Rollback",
        "%,d flights deleted, %,d left in the transaction, %,d after rollback",
        rollback.deleted(),
        rollback.seenInside(),
        rollback.seenAfter());
    DemoReport.TimeTravel travel = report.timeTravel();
    line(
        "Time travel",
        "%s has %,d minutes; %.1f s ago, at version %d, it had %,d",
        travel.airport(),
        travel.minutesNow(),
        travel.agoNanos() / NANOS,
        travel.version(),
        travel.minutesThen());
    boolean isRight = travel.isUnchanged() && travel.instantHolds();
    line(
        "",
        "%s",
        isRight
            ? "read by version and by instant, as it was seen then"
            : "THE PAST IS NOT AS IT WAS SEEN THEN");
  }

  private void addVerdict() {
    lines.add("");
    if (holds(report, durable)) {
      lines.add("No minute was lost or invented, and no commit was lost.");
    } else if (report.invariantHolds()) {
      lines.add("FAILED: the minutes add up, but something above is not as it should be.");
    } else {
      lines.add("FAILED: THE INVARIANT DOES NOT HOLD, minutes were lost or invented.");
    }
  }

  @FormatMethod
  private void line(String title, @FormatString String format, Object... values) {
    lines.add(text("  %-12s", title) + String.format(Locale.ROOT, format, values));
  }

  @FormatMethod
  private static String text(@FormatString String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
