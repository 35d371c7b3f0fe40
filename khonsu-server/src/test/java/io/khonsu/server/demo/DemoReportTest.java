package io.khonsu.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.server.demo.DemoReport.Collision;
import io.khonsu.server.demo.DemoReport.LiveAudits;
import io.khonsu.server.demo.DemoReport.Rollback;
import io.khonsu.server.demo.DemoReport.TimeTravel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a report makes of a store that does something wrong, and how loudly. */
class DemoReportTest {
  private static final Audit AUDIT = new Audit(1, 100, 1_000, 1_000, 0, 1);
  private static final LiveAudits LIVE = new LiveAudits(9, 0);
  private static final Collision COLLISION =
      new Collision("APPEND", "NONE", true, List.of("fog", "snow"), true);
  private static final Rollback ROLLBACK = new Rollback(10, 90, 100);
  private static final TimeTravel TRAVEL = new TimeTravel("ATL", 1, 2, 3, 4, true, true);

  private static final DurableReport DURABLE =
      new DurableReport(500, 1_000, 501, 0, List.of(), 502, 502, true);

  private static DemoReport report(
      Audit audit, LiveAudits live, Collision collision, Rollback rollback, TimeTravel travel) {
    return new DemoReport(
        new DemoSettings(Path.of("f"), Path.of("a"), Duration.ofSeconds(1), 1, 1),
        new DemoReport.Load(100, 10, 1_000, 1),
        new DemoReport.Work(1, 1, 1, Map.of("READ_WRITE", 1L)),
        live,
        audit,
        List.of(collision),
        rollback,
        travel);
  }

  @Test
  void allRight_holds() {
    DemoReport report = report(AUDIT, LIVE, COLLISION, ROLLBACK, TRAVEL);

    assertThat(report.holds()).isTrue();
    assertThat(DemoSummary.lines(report, DURABLE))
        .last()
        .isEqualTo("No minute was lost or invented, and no commit was lost.");
  }

  static Stream<DemoReport> withWrongMinutes() {
    return Stream.of(
            new Audit(1, 99, 1_000, 1_000, 0, 1),
            new Audit(1, 100, 1_001, 1_000, 0, 1),
            new Audit(1, 100, 1_000, 999, 0, 1),
            new Audit(1, 100, 999, 999, 0, 1),
            new Audit(1, 100, 1_000, 1_000, 2, 1))
        .map(audit -> report(audit, LIVE, COLLISION, ROLLBACK, TRAVEL));
  }

  @ParameterizedTest
  @MethodSource("withWrongMinutes")
  void minutesWrong_failsLoudly(DemoReport report) {
    assertThat(report.invariantHolds()).isFalse();
    assertThat(report.holds()).isFalse();
    assertThat(DemoSummary.lines(report, DURABLE))
        .last()
        .asString()
        .contains("THE INVARIANT DOES NOT HOLD");
    assertThat(DemoSummary.tree(report, DURABLE)).containsEntry("holds", false);
  }

  @Test
  void snapshotUnderWayWrong_failsLoudly() {
    DemoReport report = report(AUDIT, new LiveAudits(9, 1), COLLISION, ROLLBACK, TRAVEL);

    assertThat(DemoSummary.lines(report, DURABLE))
        .anyMatch(line -> line.contains("1 WITH ANOTHER SUM"));
    assertThat(DemoSummary.lines(report, DURABLE))
        .last()
        .asString()
        .contains("THE INVARIANT DOES NOT HOLD");
  }

  static Stream<DemoReport> withSomethingElseWrong() {
    Collision lost = new Collision("APPEND", "NONE", true, List.of("snow"), false);
    return Stream.of(
        report(AUDIT, LIVE, lost, ROLLBACK, TRAVEL),
        report(AUDIT, LIVE, COLLISION, new Rollback(10, 100, 100), TRAVEL),
        report(AUDIT, LIVE, COLLISION, new Rollback(10, 90, 90), TRAVEL),
        report(AUDIT, LIVE, COLLISION, ROLLBACK, new TimeTravel("ATL", 1, 2, 3, 4, false, true)),
        report(AUDIT, LIVE, COLLISION, ROLLBACK, new TimeTravel("ATL", 1, 2, 3, 4, true, false)));
  }

  @ParameterizedTest
  @MethodSource("withSomethingElseWrong")
  void somethingElseWrong_failsAndSaysSo(DemoReport report) {
    assertThat(report.invariantHolds()).isTrue();
    assertThat(report.holds()).isFalse();
    assertThat(DemoSummary.lines(report, DURABLE)).last().asString().startsWith("FAILED");
  }

  static Stream<DurableReport> withSomethingWrongOnDisk() {
    return Stream.of(
        new DurableReport(500, 1_000, 499, 1, List.of(), 502, 502, true),
        new DurableReport(500, 1_000, 501, 0, List.of("a leg is gone"), 502, 502, true),
        new DurableReport(500, 1_000, 501, 0, List.of(), 0, 502, true),
        new DurableReport(500, 1_000, 501, 0, List.of(), 502, 501, false));
  }

  @ParameterizedTest
  @MethodSource("withSomethingWrongOnDisk")
  void storeOnDiskWrong_failsAndSaysSo(DurableReport durable) {
    DemoReport report = report(AUDIT, LIVE, COLLISION, ROLLBACK, TRAVEL);

    assertThat(DemoSummary.holds(report, durable)).isFalse();
    assertThat(DemoSummary.lines(report, durable)).last().asString().startsWith("FAILED");
    assertThat(DemoSummary.tree(report, durable)).containsEntry("holds", false);
  }
}
