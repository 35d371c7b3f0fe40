package io.khonsu.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The comparison of transactional memories: for every load and number of threads, all contenders
 * are warmed up, then run their rounds in turns, so that whatever disturbs the machine disturbs
 * all. After a load every contender's state is checked.
 */
final class StmBenchmark {
  /**
   * What to measure.
   *
   * @param keys how many items there are at first, even
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
    private static final int KEYS_MIN = 2 * Shape.SCAN_ROWS_MAX;

    /** Twice as many still have a label. */
    private static final int KEYS_MAX = 1 << (Shape.LABEL_BITS - 1);

    /** A contender's filling and checking, for the estimate. */
    private static final int KEYS_FILLED_PER_MILLI = 200;

    /** Checks the ranges. */
    Plan {
      loads = List.copyOf(loads);
      threads = List.copyOf(threads);
      peers = List.copyOf(peers);
      if (keys < KEYS_MIN || keys > KEYS_MAX || keys % 2 != 0) {
        throw new IllegalArgumentException(
            "keys must be even and from " + KEYS_MIN + " to " + KEYS_MAX + ", but is " + keys);
      }
      if (rounds < 1 || roundMillis < 1 || threads.stream().anyMatch(count -> count < 1)) {
        throw new IllegalArgumentException("rounds, round-millis and threads must be positive");
      }
    }

    /** {@return how many loads, by how many threads, are measured} */
    int stepCount() {
      return (int) loads.stream().mapToLong(load -> steps(load)).sum();
    }

    /** {@return about how long all of it takes} */
    Duration estimate() {
      long millis = 0;
      for (Load load : loads) {
        long contenders = peers.stream().filter(p -> load.reasonAgainst(p).isEmpty()).count();
        long perStep = warmUpMillis + rounds * roundMillis;
        millis += contenders * (steps(load) * perStep + keys / KEYS_FILLED_PER_MILLI);
      }
      return Duration.ofMillis(millis);
    }

    private long steps(Load load) {
      return threads.stream().filter(count -> load.reasonAgainst(count).isEmpty()).count();
    }
  }

  private static final int DRAWN = 1 << 16;

  private final Plan plan;
  private final Observer observer;

  /** Creates a benchmark. */
  StmBenchmark(Plan plan, Observer observer) {
    this.plan = plan;
    this.observer = observer;
  }

  /** Learns how far a benchmark is. */
  interface Observer {
    /** Rounds of one load by so many threads begin. */
    void starts(Load load, int threads);

    /** What was measured then of all contenders that can take part. */
    void measured(List<Measurement> measured);
  }

  /**
   * {@return all that was measured}
   *
   * @throws IllegalStateException if a contender broke its promise
   */
  List<Measurement> run() throws Exception {
    List<Measurement> all = new ArrayList<>();
    for (Load load : plan.loads()) {
      all.addAll(run(load));
    }
    return all;
  }

  private List<Measurement> run(Load load) throws Exception {
    KeyNames names = new KeyNames(plan.keys(), load.spare(plan.keys()));
    Map<Peer, Entrant> entrants = new EnumMap<>(Peer.class);
    try {
      for (Peer peer : plan.peers()) {
        if (load.reasonAgainst(peer).isEmpty()) {
          entrants.put(peer, new Entrant(peer.create(names)));
        }
      }
      List<Measurement> all = new ArrayList<>();
      for (int threads : plan.threads()) {
        if (load.reasonAgainst(threads).isEmpty()) {
          observer.starts(load, threads);
          List<Measurement> measured = run(load, threads, entrants);
          observer.measured(measured);
          all.addAll(measured);
        }
      }
      entrants.forEach((peer, entrant) -> entrant.check(load, peer, names));
      return all;
    } finally {
      entrants.values().forEach(entrant -> entrant.contender.close());
    }
  }

  private List<Measurement> run(Load load, int threads, Map<Peer, Entrant> entrants)
      throws Exception {
    Map<Peer, Map<Load.Part, Measurement>> measured = new EnumMap<>(Peer.class);
    List<Peer> order = new ArrayList<>(entrants.keySet());
    try (RoundRunner runner = new RoundRunner(load, threads, plan.keys(), DRAWN)) {
      for (Entrant entrant : entrants.values()) {
        var _ = entrant.run(runner, plan.warmUpMillis());
      }
      for (int round = 0; round < plan.rounds(); round++) {
        for (Peer peer : order) {
          Map<Load.Part, Measurement> ofPeer =
              measured.computeIfAbsent(peer, _ -> new EnumMap<>(Load.Part.class));
          Entrant entrant = Objects.requireNonNull(entrants.get(peer));
          entrant
              .run(runner, plan.roundMillis())
              .forEach((part, result) ->
                  ofPeer
                      .computeIfAbsent(part, _ -> new Measurement(load, part, threads, peer))
                      .add(result));
        }
        // There and back: nobody always comes after, and cleans up after, the same one.
        order = order.reversed();
      }
    }
    return byPart(measured);
  }

  private static List<Measurement> byPart(Map<Peer, Map<Load.Part, Measurement>> measured) {
    return measured.values().stream()
        .flatMap(ofPeer -> ofPeer.values().stream())
        .sorted(Comparator.comparing(Measurement::part))
        .toList();
  }

  /** A contender and how it must have changed. */
  private static final class Entrant {
    private final Contender contender;
    private long changed;

    private Entrant(Contender contender) {
      this.contender = contender;
    }

    private Map<Load.Part, Rounds.Round> run(RoundRunner runner, long millis) throws Exception {
      Map<Load.Part, Rounds.Round> rounds = runner.run(contender, millis);
      rounds.values().forEach(round -> changed += round.work().changed);
      return rounds;
    }

    private void check(Load load, Peer peer, KeyNames names) {
      String broken = Invariant.broken(load, contender, names, changed);
      if (!broken.isEmpty()) {
        throw new IllegalStateException(peer.title() + " under " + load.id() + ": " + broken);
      }
    }
  }
}
