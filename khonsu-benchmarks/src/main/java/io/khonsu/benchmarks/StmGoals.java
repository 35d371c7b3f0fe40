package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The goals that Khonsu's transaction buffer has set itself, and whether it reaches them. */
final class StmGoals {
  private static final int THREADS = 2;
  private static final int MANY_THREADS = 8;
  private static final double MOST_TAIL = 3;
  private static final double LEAST_KEPT = 0.6;

  /** Keys made each time, keys kept as a map's caller keeps strings, handles. */
  private static final List<Peer> KHONSUS =
      List.of(Peer.KHONSU_KEY, Peer.KHONSU_KEPT, Peer.KHONSU_REF);

  private final List<Measurement> measurements;
  private final List<Verdict> verdicts = new ArrayList<>();

  private StmGoals(List<Measurement> measurements) {
    this.measurements = measurements;
  }

  /**
   * A goal and what was measured.
   *
   * @param median the ratio of the rounds' medians
   * @param best the ratio of the best rounds; the same where the goal is not one of throughput
   */
  record Verdict(String goal, double median, double best, boolean reached) {
    String line() {
      return String.format(
          Locale.ROOT,
          "goal %s: %.2f %s (best rounds %.2f)",
          goal,
          median,
          reached ? "ok" : "MISSED",
          best);
    }
  }

  /** {@return a verdict on every goal whose contenders were measured} */
  static List<Verdict> verdicts(List<Measurement> measurements) {
    StmGoals goals = new StmGoals(measurements);
    goals.judgeReadWrite();
    goals.judgeOtherLoads();
    return List.copyOf(goals.verdicts);
  }

  private void judgeReadWrite() {
    for (Peer khonsu : KHONSUS) {
      atLeast(Load.RW_UNIFORM, khonsu, 0.5, Peer.STRIPED);
      atLeast(Load.RW_UNIFORM, khonsu, 2, Peer.LOCKED);
    }
    atLeast(Load.RW_UNIFORM, Peer.KHONSU_REF, 1, Peer.SCALA_REF);
    atLeast(Load.RW_UNIFORM, Peer.KHONSU_KEY, 2, Peer.SCALA_MAP);
    atLeast(Load.RW_UNIFORM, Peer.KHONSU_REF, 2, Peer.CLOJURE);
    atLeast(Load.RW_UNIFORM, Peer.KHONSU_REF, 2, Peer.CLOJURE_ENSURE);
    atLeast(Load.RW_UNIFORM, Peer.KHONSU_KEY, 8, Peer.H2);
  }

  private void judgeOtherLoads() {
    for (Peer khonsu : KHONSUS) {
      shortTail(khonsu);
      atLeast(Load.RW_ZIPF, khonsu, 1.5, Peer.STRIPED);
      atLeast(Load.RO10, khonsu, 0.5, Peer.STRIPED);
      keptWithManyThreads(Load.RW_UNIFORM, khonsu);
      keptWithManyThreads(Load.RW_ZIPF, khonsu);
    }
  }

  private void atLeast(Load load, Peer khonsu, double factor, Peer peer) {
    String goal =
        String.format(
            Locale.ROOT, "%s, %s >= %s x %s", load.id(), khonsu.title(), factor, peer.title());
    for (Measurement ours : find(load, THREADS, khonsu)) {
      for (Measurement theirs : find(load, THREADS, peer)) {
        ratio(goal, ours, theirs, factor);
      }
    }
  }

  private void keptWithManyThreads(Load load, Peer khonsu) {
    String goal =
        String.format(
            Locale.ROOT,
            "%s, %s, %d threads >= %s x %d threads",
            load.id(),
            khonsu.title(),
            MANY_THREADS,
            LEAST_KEPT,
            THREADS);
    for (Measurement many : find(load, MANY_THREADS, khonsu)) {
      for (Measurement few : find(load, THREADS, khonsu)) {
        ratio(goal, many, few, LEAST_KEPT);
      }
    }
  }

  private void ratio(String goal, Measurement ours, Measurement theirs, double least) {
    double median = ours.medianPerSecond() / theirs.medianPerSecond();
    double best = ours.bestPerSecond() / theirs.bestPerSecond();
    verdicts.add(new Verdict(goal, median, best, median >= least));
  }

  private void shortTail(Peer khonsu) {
    for (Measurement measured : find(Load.RW_UNIFORM, THREADS, khonsu)) {
      double ratio = (double) measured.latencyNanos(0.99) / measured.latencyNanos(0.5);
      String goal =
          String.format(Locale.ROOT, "rw-uniform, %s, p99 <= %s x p50", khonsu.title(), MOST_TAIL);
      verdicts.add(new Verdict(goal, ratio, ratio, ratio <= MOST_TAIL));
    }
  }

  private List<Measurement> find(Load load, int threads, Peer peer) {
    return measurements.stream()
        .filter(m -> m.load() == load && m.threads() == threads && m.peer() == peer)
        .toList();
  }
}
