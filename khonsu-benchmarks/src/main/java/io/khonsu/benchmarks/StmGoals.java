package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/** The goals that Khonsu's transaction buffer has set itself, and whether it reaches them. */
final class StmGoals {
  private static final int THREADS = 2;
  private static final int MANY_THREADS = 8;

  private final List<Measurement> measurements;
  private final List<Verdict> verdicts = new ArrayList<>();

  private StmGoals(List<Measurement> measurements) {
    this.measurements = measurements;
  }

  /** {@return a verdict on every goal whose contenders were measured} */
  static List<Verdict> verdicts(List<Measurement> measurements) {
    StmGoals goals = new StmGoals(measurements);
    measurements.stream().map(Measurement::id).distinct().forEach(goals::beatRivals);
    goals.reachLimit(Load.RW_UNIFORM, 0.7);
    goals.reachLimit(Load.RW_ZIPF, 1.5);
    goals.countFast();
    goals.allocateLittle();
    goals.scale(Load.RW_UNIFORM);
    goals.scale(Load.RW_ZIPF);
    return List.copyOf(goals.verdicts);
  }

  private void beatRivals(String load) {
    Optional<Measurement> ours = best(load, THREADS, peer -> peer.has(Peer.Trait.KHONSU));
    Optional<Measurement> theirs = best(load, THREADS, Peer::isRival);
    if (ours.isPresent() && theirs.isPresent()) {
      String goal = load + " >= the best peer, " + theirs.get().peer().title();
      atLeast(goal, ours.get(), ratio(ours.get(), theirs.get()), 1);
    }
  }

  private void reachLimit(Load load, double least) {
    Optional<Measurement> limit = best(load.id(), THREADS, peer -> peer == Peer.STRIPED);
    for (Measurement ours : khonsus(load, THREADS)) {
      String goal = String.format(Locale.ROOT, "%s >= %s x the limit", load.id(), least);
      limit.ifPresent(striped -> atLeast(goal, ours, ratio(ours, striped), least));
    }
  }

  private void countFast() {
    for (Measurement ours : khonsus(Load.HOT_ADD, THREADS)) {
      atLeast("hot-add >= 2 M/s", ours, ours.medianPerSecond() / 1e6, 2);
      atMost("hot-add without an abort, in %", ours, ours.abortRate() * 100, 0);
    }
  }

  private void allocateLittle() {
    for (Measurement ours : khonsus(Load.RW_UNIFORM, THREADS)) {
      atMost("rw-uniform allocates <= 400 B", ours, ours.bytesPerCommit(), 400);
    }
  }

  private void scale(Load load) {
    for (Measurement many : khonsus(load, MANY_THREADS)) {
      double tail = (double) many.latencyNanos(0.99) / many.latencyNanos(0.5);
      atMost(load.id() + " by 8 threads, p99 <= 10 x p50", many, tail, 10);
      best(load.id(), THREADS, peer -> peer == many.peer())
          .ifPresent(
              few -> atLeast(load.id() + " by 8 threads >= 0.6 x 2", many, ratio(many, few), 0.6));
    }
  }

  private void atLeast(String goal, Measurement ours, double measured, double least) {
    verdicts.add(Verdict.atLeast(goal, ours.peer().title(), measured, least));
  }

  private void atMost(String goal, Measurement ours, double measured, double most) {
    verdicts.add(Verdict.atMost(goal, ours.peer().title(), measured, most));
  }

  private static double ratio(Measurement ours, Measurement theirs) {
    return ours.medianPerSecond() / theirs.medianPerSecond();
  }

  private List<Measurement> khonsus(Load load, int threads) {
    return measurements.stream()
        .filter(m -> m.load() == load && m.threads() == threads)
        .filter(m -> m.peer().has(Peer.Trait.KHONSU))
        .toList();
  }

  private Optional<Measurement> best(String load, int threads, Predicate<Peer> wanted) {
    return measurements.stream()
        .filter(m -> m.id().equals(load) && m.threads() == threads && wanted.test(m.peer()))
        .max(Comparator.comparingDouble(Measurement::medianPerSecond));
  }
}
