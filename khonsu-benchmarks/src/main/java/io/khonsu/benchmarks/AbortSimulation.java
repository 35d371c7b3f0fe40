package io.khonsu.benchmarks;

import java.util.SplittableRandom;

/**
 * Counts how many attempts abort: a number of transactions is open at a time, one step of one of
 * them at random is made after the other, and whoever aborts begins the same anew at once. The same
 * numbers for the same seed, on every machine.
 */
final class AbortSimulation {
  private static final int ITEMS = 100_000;

  /**
   * What was counted.
   *
   * @param attempts commits tried
   * @param aborts those that failed
   */
  record Count(long attempts, long aborts) {
    double rate() {
      return (double) aborts / attempts;
    }
  }

  private final AbortRule rule;
  private final AbortLoad.Source source;
  private final SplittableRandom random;
  private final Client[] clients;

  private AbortSimulation(AbortRule rule, AbortLoad load, int open, long seed) {
    this.rule = rule;
    this.source = load.source(ITEMS, seed);
    this.random = new SplittableRandom(~seed);
    this.clients = new Client[open];
    for (int i = 0; i < open; i++) {
      clients[i] = new Client();
    }
  }

  /** {@return what a load does under a rule, with so many transactions open at a time} */
  static Count run(AbortRule rule, AbortLoad load, int open, int attempts, long seed) {
    return new AbortSimulation(rule, load, open, seed).run(attempts);
  }

  private Count run(int attempts) {
    long tried = 0;
    long aborts = 0;
    while (tried < attempts) {
      switch (clients[random.nextInt(clients.length)].step()) {
        case COMMITTED -> tried++;
        case ABORTED -> {
          tried++;
          aborts++;
        }
        case GOES_ON -> {}
      }
    }
    return new Count(tried, aborts);
  }

  private enum Step {
    GOES_ON,
    COMMITTED,
    ABORTED
  }

  /** Runs one transaction after the other. */
  private final class Client {
    private AbortLoad.Program program;
    private AbortRule.Attempt attempt;
    private int steps;

    private Client() {
      program = source.next();
      attempt = rule.begin(program);
    }

    private Step step() {
      int reads = program.reads().length;
      int at = steps++;
      if (at < reads) {
        attempt.read(program.reads()[at]);
      } else if (at < reads + program.writes().length) {
        attempt.write(program.writes()[at - reads]);
      } else {
        return end(attempt.commit());
      }
      return attempt.isAborted() ? end(false) : Step.GOES_ON;
    }

    private Step end(boolean committed) {
      program = committed ? source.next() : program;
      attempt = rule.begin(program);
      steps = 0;
      return committed ? Step.COMMITTED : Step.ABORTED;
    }
  }
}
