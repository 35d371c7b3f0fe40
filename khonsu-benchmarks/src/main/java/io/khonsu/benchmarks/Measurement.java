package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What was measured of one contender under one load by so many threads, round by round. */
final class Measurement {
  private final Load load;
  private final int threads;
  private final Peer peer;
  private final List<Round> rounds = new ArrayList<>();
  private final Histogram latencies = new Histogram();

  Measurement(Load load, int threads, Peer peer) {
    this.load = load;
    this.threads = threads;
    this.peer = peer;
  }

  /**
   * One round of all threads.
   *
   * @param nanos from the first thread's start to the last one's end
   * @param cpuNanos of the threads themselves, without the collector's
   * @param allocatedBytes by the threads themselves
   */
  record Round(
      long commits,
      long retries,
      long nanos,
      long cpuNanos,
      long allocatedBytes,
      Histogram latencies) {
    double perSecond() {
      return commits * 1e9 / nanos;
    }
  }

  void add(Round round) {
    rounds.add(round);
    latencies.add(round.latencies());
  }

  Load load() {
    return load;
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
    long commits = commits();
    long retries = rounds.stream().mapToLong(Round::retries).sum();
    return (double) retries / (commits + retries);
  }

  /** {@return processor time per transaction, which a busy machine distorts less than the clock} */
  double cpuNanosPerCommit() {
    return (double) rounds.stream().mapToLong(Round::cpuNanos).sum() / commits();
  }

  double bytesPerCommit() {
    return (double) rounds.stream().mapToLong(Round::allocatedBytes).sum() / commits();
  }

  /** {@return the latency that a fraction of the sampled transactions did not exceed} */
  long latencyNanos(double fraction) {
    return latencies.quantile(fraction);
  }

  private long commits() {
    return rounds.stream().mapToLong(Round::commits).sum();
  }
}
