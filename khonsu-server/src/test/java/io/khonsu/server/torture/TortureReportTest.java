package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryTransaction;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.Operation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is said of a cluster that was hurt. */
class TortureReportTest {
  private static final List<String> SAME = List.of("1f", "1f", "1f");

  private static TortureReport.Wound wound(Fault.Kind kind, long pauseMillis) {
    Fault fault = new Fault(kind, 1, Duration.ofMillis(500), Duration.ofMillis(100), Duration.ZERO);
    Duration pause = Duration.ofMillis(pauseMillis);
    return new TortureReport.Wound(fault, 2, Duration.ofMillis(1_300), pause, pause.plusMillis(7));
  }

  private static History history(Operation... operations) {
    return History.of(
        List.of(
            new HistoryTransaction(
                0, 0, List.of(operations), Outcome.COMMITTED, 1, 2, null, null)));
  }

  private static TortureReport report(History history, List<Long> lost, List<String> hashes) {
    return report(history, lost, hashes, List.of(143, 143, 143));
  }

  private static TortureReport report(
      History history, List<Long> lost, List<String> hashes, List<Integer> exitStatuses) {
    return report(new Audit(history, lost, List.of(), hashes), List.of(), exitStatuses);
  }

  private static TortureReport report(
      Audit audit, List<String> complaints, List<Integer> exitStatuses) {
    List<TortureReport.Wound> wounds =
        List.of(
            wound(Fault.Kind.KILL_LEADER, 1_999),
            wound(Fault.Kind.PAUSE_LEADER, 2_001),
            wound(Fault.Kind.POWER_LOSS_OF_ALL, 9_000),
            wound(Fault.Kind.KILL_ALL, 9_000));
    TorturePlan plan =
        new TorturePlan(
            5,
            Duration.ofSeconds(1),
            Set.of(FaultFamily.KILL),
            Map.of(FaultFamily.POWER_LOSS, "power-loss needs root"));
    return TortureReport.of(plan, wounds, audit, complaints, exitStatuses);
  }

  @Test
  void misses_areTold_andThoseOfAllNodesAreNone() {
    TortureReport report = report(history(new Operation.Append(1, 1)), List.of(), SAME);
    assertThat(report.holds()).isTrue();
    assertThat(report.lines())
        .anyMatch(line -> line.contains("the leader stands still") && line.endsWith("MISS"))
        .noneMatch(line -> line.contains("all nodes") && line.endsWith("MISS"))
        .anyMatch(line -> line.contains("1 of 2, 1 MISSED"));
    assertThat(report.tree()).containsEntry("misses", 1L).containsEntry("singleFaults", 2L);
  }

  @Test
  void whatIsWrong_isTold_andHolds_isFalse() {
    History fine = history(new Operation.Append(1, 1));
    TortureReport lost = report(fine, List.of(8L), SAME);
    assertThat(lost.holds()).isFalse();
    assertThat(lost.lines()).anyMatch(line -> line.contains("appends lost: 1, [8]"));

    TortureReport different = report(fine, List.of(), List.of("1f", "2f", "1f"));
    assertThat(different.holds()).isFalse();
    assertThat(different.lines()).anyMatch(line -> line.contains("DIFFERENT, [1f, 2f, 1f]"));
    assertThat(report(fine, List.of(), List.of()).holds()).isFalse();

    TortureReport crashed = report(fine, List.of(), SAME, List.of(143, 70, 143));
    assertThat(crashed.holds()).isFalse();
    assertThat(crashed.lines()).anyMatch(line -> line.endsWith("ENDED WITH [143, 70, 143]"));

    TortureReport wrong = report(history(new Operation.ReadList(1, List.of(9L))), List.of(), SAME);
    assertThat(wrong.holds()).isFalse();
    assertThat(wrong.lines()).anyMatch(line -> line.contains("NOT STRICTLY SERIALIZABLE"));
    assertThat(report(History.of(List.of()), List.of(), SAME).holds()).isFalse();
  }

  @Test
  void whatWasLeftOut_isTold() {
    TortureReport report = report(history(new Operation.Append(1, 1)), List.of(), SAME);
    assertThat(report.lines()).contains("  left out: power-loss needs root");
    assertThat(report.tree())
        .containsEntry("leftOut", Map.of("power-loss", "power-loss needs root"));
  }

  @Test
  void whatNodesDidWrong_isTold_andHolds_isFalse() {
    Audit fine = new Audit(history(new Operation.Append(1, 1)), List.of(), List.of(), SAME);
    TortureReport report = report(fine, List.of("node 2 ended with 70"), List.of(143, 143, 143));
    assertThat(report.holds()).isFalse();
    assertThat(report.lines()).contains("  WRONG: node 2 ended with 70");
  }
}
