package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** What was measured of one contender under one load by so many threads, round by round. */
final class Measurement {
  private final Load load;
  private final Load.Part part;
  private final int threads;
  private final Peer peer;
  private final List<Round> rounds = new ArrayList<>();
  private final Histogram latencies = new Histogram();

  Measurement(Load load, Load.Part part, int threads, Peer peer) {
    this.load = load;
    this.part = part;
    this.threads = threads;
    this.peer = peer;
  }

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

  void add(Round round) {
    rounds.add(round);
    latencies.add(round.latencies());
  }

  Load load() {
    return load;
  }

  Load.Part part() {
    return part;
  }

  /** {@return the name of the load, and of the part if it has several} */
  String id() {
    String suffix = part == Load.Part.ALL ? "" : "/" + part.name().toLowerCase(Locale.ROOT);
    return load.id() + suffix;
  }

  /** {@return the load for people, with the part if it has several} */
  String title() {
    String suffix = part == Load.Part.ALL ? "" : ": " + part.name().toLowerCase(Locale.ROOT);
    return load.title() + suffix;
  }

  int threads() {
    return threads;
  }

  Peer peer() {
    return peer;
  }

  List<Round> rounds() {
    return Collections.unmodifiableList(rounds);
  }

  double bestPerSecond() {
    return rounds.stream().mapToDouble(Round::perSecond).max().orElse(0);
  }

  double medianPerSecond() {
    double[] sorted = rounds.stream().mapToDouble(Round::perSecond).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** {@return failed tries among all tries} */
  double abortRate() {
    Work total = total();
    long tries = total.commits + total.failures + total.retries;
    return tries == 0 ? 0 : (double) (tries - total.commits) / tries;
  }

  /** {@return how many transactions the contender gave up} */
  long failures() {
    return total().failures;
  }

  /** {@return processor time per transaction, which a busy machine distorts less than the clock} */
  double cpuNanosPerCommit() {
    return (double) total().cpuNanos / Math.max(1, total().commits);
  }

  double bytesPerCommit() {
    return (double) total().allocatedBytes / Math.max(1, total().commits);
  }

  /** {@return the latency that a fraction of the sampled transactions did not exceed} */
  long latencyNanos(double fraction) {
    return latencies.quantile(fraction);
  }

  private Work total() {
    Work total = new Work();
    rounds.forEach(round -> total.add(round.work()));
    return total;
  }
}
