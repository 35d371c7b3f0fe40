package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The comparison of transactional memories: for every load and number of threads, all contenders
 * are warmed up, then run their rounds in turns, so that whatever disturbs the machine disturbs
 * all. After a load every contender's state is checked.
 */
final class StmBenchmark {
  /**
   * What to measure.
   *
   * @param keys how many items there are, even
   * @param rounds how many times each contender's turn comes
   * @param roundMillis how long a turn lasts
   * @param warmUpMillis how long a contender runs beforehand, for each load and number of threads
   */
  record Plan(
      List<Load> loads,
      List<Integer> threads,
      List<Peer> peers,
      int keys,
      int rounds,
      long roundMillis,
      long warmUpMillis) {
    /** Checks the ranges. */
    Plan {
      loads = List.copyOf(loads);
      threads = List.copyOf(threads);
      peers = List.copyOf(peers);
      if (keys < 16 || keys % 2 != 0) {
        throw new IllegalArgumentException("keys must be even and at least 16, but is " + keys);
      }
      if (rounds < 1 || threads.stream().anyMatch(count -> count < 1)) {
        throw new IllegalArgumentException("rounds and threads must be positive");
      }
    }
  }

  private final Plan plan;
  private final KeyNames names;
  private final Consumer<List<Measurement>> reporter;

  /**
   * Creates a benchmark.
   *
   * @param reporter given what was measured of all contenders under one load by so many threads, as
   *     soon as it is there
   */
  StmBenchmark(Plan plan, Consumer<List<Measurement>> reporter) {
    this.plan = plan;
    this.names = new KeyNames(plan.keys());
    this.reporter = reporter;
  }

  /**
   * {@return all that was measured}
   *
   * @throws IllegalStateException if a contender broke its promise
   */
  List<Measurement> run() throws InterruptedException {
    List<Measurement> all = new ArrayList<>();
    for (Load load : plan.loads()) {
      all.addAll(run(load));
    }
    return all;
  }

  private List<Measurement> run(Load load) throws InterruptedException {
    Map<Peer, Entrant> entrants = new EnumMap<>(Peer.class);
    for (Peer peer : plan.peers()) {
      entrants.put(peer, new Entrant(peer.create(names)));
    }
    try {
      List<Measurement> all = new ArrayList<>();
      for (int threads : plan.threads()) {
        List<Measurement> measured = run(load, threads, entrants);
        reporter.accept(measured);
        all.addAll(measured);
      }
      entrants.forEach((peer, entrant) -> entrant.check(load, peer, names.count()));
      return all;
    } finally {
      entrants.values().forEach(entrant -> entrant.contender.close());
    }
  }

  private List<Measurement> run(Load load, int threads, Map<Peer, Entrant> entrants)
      throws InterruptedException {
    List<Measurement> measurements = new ArrayList<>();
    try (RoundRunner runner = new RoundRunner(load, threads, plan.keys())) {
      for (Map.Entry<Peer, Entrant> entry : entrants.entrySet()) {
        measurements.add(new Measurement(load, threads, entry.getKey()));
        entry.getValue().run(runner, plan.warmUpMillis());
      }
      for (int round = 0; round < plan.rounds(); round++) {
        // There and back: nobody always comes after, and cleans up after, the same one.
        for (Measurement measurement : round % 2 == 0 ? measurements : measurements.reversed()) {
          Entrant entrant = entrants.get(measurement.peer());
          if (entrant != null) {
            measurement.add(entrant.run(runner, plan.roundMillis()));
          }
        }
      }
    }
    return measurements;
  }

  /** A contender and how much it claims to have done. */
  private static final class Entrant {
    private final Contender contender;
    private long commits;

    private Entrant(Contender contender) {
      this.contender = contender;
    }

    private Measurement.Round run(RoundRunner runner, long millis) throws InterruptedException {
      Measurement.Round round = runner.run(contender, millis);
      commits += round.commits();
      return round;
    }

    private void check(Load load, Peer peer, int keys) {
      String broken = Invariant.broken(load, contender, keys, commits);
      if (!broken.isEmpty()) {
        throw new IllegalStateException(peer.title() + " under " + load.id() + ": " + broken);
      }
    }
  }
}
