package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was measured of one contender in one setting, round by round. */
class Rounds {
  private final List<Round> rounds = new ArrayList<>();
  private final Histogram latencies = new Histogram();

  /**
   * One round of all threads.
   *
   * @param nanos from the first thread's start to the last one's end
   */
  record Round(Work work, long nanos, Histogram latencies) {
    double perSecond() {
      return work.commits * 1e9 / nanos;
    }
  }

  final void add(Round round) {
    rounds.add(round);
    latencies.add(round.latencies());
  }

  final double bestPerSecond() {
    return rounds.stream().mapToDouble(Round::perSecond).max().orElse(0);
  }

  final double medianPerSecond() {
    double[] sorted = rounds.stream().mapToDouble(Round::perSecond).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** {@return failed tries among all tries} */
  final double abortRate() {
    Work total = total();
    long tries = total.commits + total.failures + total.retries;
    return tries == 0 ? 0 : (double) (tries - total.commits) / tries;
  }

  /** {@return how many transactions the contender gave up} */
  final long failures() {
    return total().failures;
  }

  /** {@return processor time per transaction, which a busy machine distorts less than the clock} */
  final double cpuNanosPerCommit() {
    return (double) total().cpuNanos / Math.max(1, total().commits);
  }

  final double bytesPerCommit() {
    return (double) total().allocatedBytes / Math.max(1, total().commits);
  }

  /** {@return the latency that a fraction of the timed transactions did not exceed} */
  final long latencyNanos(double fraction) {
    return latencies.quantile(fraction);
  }

  /** Adds all of it to what goes to {@link Json}. */
  final void addTo(Map<String, Object> values) {
    values.put("bestPerSecond", bestPerSecond());
    values.put("medianPerSecond", medianPerSecond());
    values.put("abortRate", abortRate());
    values.put("failures", failures());
    values.put("p50Nanos", latencyNanos(0.5));
    values.put("p99Nanos", latencyNanos(0.99));
    values.put("p999Nanos", latencyNanos(0.999));
    values.put("cpuNanosPerCommit", cpuNanosPerCommit());
    values.put("bytesPerCommit", bytesPerCommit());
    values.put("rounds", rounds.stream().map(Rounds::values).toList());
  }

  private static Map<String, Object> values(Round round) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("commits", round.work().commits);
    values.put("retries", round.work().retries);
    values.put("failures", round.work().failures);
    values.put("nanos", round.nanos());
    values.put("cpuNanos", round.work().cpuNanos);
    values.put("allocatedBytes", round.work().allocatedBytes);
    return values;
  }

  private Work total() {
    Work total = new Work();
    rounds.forEach(round -> total.add(round.work()));
    return total;
  }
}
