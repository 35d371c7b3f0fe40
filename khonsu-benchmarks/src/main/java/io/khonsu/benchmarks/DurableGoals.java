package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The goals that Khonsu's durable commits have set themselves, and whether they reach them. */
final class DurableGoals {
  private static final int SMALL_BYTES = 100;
  private static final int GOAL_ROWS = 1_000_000;
  private static final double OPENING_SECONDS_MAX = 3;

  private final List<DurableMeasurement> measurements;
  private final List<Verdict> verdicts = new ArrayList<>();

  private DurableGoals(List<DurableMeasurement> measurements) {
    this.measurements = measurements;
  }

  /** {@return a verdict on every goal whose contenders were measured} */
  static List<Verdict> verdicts(
      List<DurableMeasurement> measurements, List<CrashOpening.Result> openings) {
    DurableGoals goals = new DurableGoals(measurements);
    for (DurableMeasurement ours : measurements) {
      if (ours.peer().isKhonsu()) {
        goals.judge(ours);
      }
    }
    for (CrashOpening.Result opening : openings) {
      if (opening.rows() == GOAL_ROWS) {
        goals.verdicts.add(
            Verdict.atMost(
                "opening 1 M rows after a crash <= 3 s",
                opening.peer().title(),
                opening.medianSeconds(),
                OPENING_SECONDS_MAX));
      }
    }
    return List.copyOf(goals.verdicts);
  }

  private void judge(DurableMeasurement ours) {
    String title = ours.peer().title();
    Optional<DurableMeasurement> limit = best(ours, peer -> peer == DurablePeer.LIMIT);
    if (ours.valueBytes() == SMALL_BYTES && limit.isPresent()) {
      compare(ours, limit.get());
    }
    Optional<DurableMeasurement> rival = best(ours, DurablePeer::isRival);
    if (ours.threads() > 1 && rival.isPresent()) {
      String goal = ours.setting() + " >= the best peer, " + rival.get().peer().title();
      verdicts.add(Verdict.atLeast(goal, title, ratio(ours, rival.get()), 1));
    }
  }

  private void compare(DurableMeasurement ours, DurableMeasurement limit) {
    String title = ours.peer().title();
    double least = ours.peer() == DurablePeer.KHONSU_SEGMENTS ? 0.8 : 0.5;
    if (ours.threads() == 64) {
      String goal = ours.setting() + " >= " + least + " x the limit";
      verdicts.add(Verdict.atLeast(goal, title, ratio(ours, limit), least));
    }
    if (ours.threads() == 1) {
      double ratio = (double) ours.latencyNanos(0.5) / limit.latencyNanos(0.5);
      String goal = ours.setting() + ", p50 <= 1.5 x the limit's";
      verdicts.add(Verdict.atMost(goal, title, ratio, 1.5));
    }
  }

  private static double ratio(DurableMeasurement ours, DurableMeasurement theirs) {
    return ours.medianPerSecond() / theirs.medianPerSecond();
  }

  private Optional<DurableMeasurement> best(
      DurableMeasurement beside, Predicate<DurablePeer> wanted) {
    return measurements.stream()
        .filter(m -> m.setting().equals(beside.setting()) && wanted.test(m.peer()))
        .max(Comparator.comparingDouble(DurableMeasurement::medianPerSecond));
  }
}
