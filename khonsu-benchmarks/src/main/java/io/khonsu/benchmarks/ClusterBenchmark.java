package io.khonsu.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * The comparison of clusters on this machine. All run all the time; only one has something to do.
 * For each load all peers are warmed up, then their rounds take turns, there and back.
 */
final class ClusterBenchmark {
  /** Under this load systems are watched while they are cold, and warmed up. */
  private static final ClusterLoad.Setting USUAL = new ClusterLoad.Setting(16, 100);

  /** A round with failures is run again, so many times: somebody else leads by then. */
  private static final int REPETITIONS = 3;

  private static final long IDLE_MILLIS = 2_000;

  private final Plan plan;
  private final Observer observer;

  /**
   * What to measure.
   *
   * @param directory where the clusters are, each in a new directory that is deleted at the end
   * @param rounds how many times each peer's turn comes
   * @param firstMillis how long each peer is warmed up in the beginning
   * @param warmUpMillis and how long before each load
   * @param trials what is done to each system at the end
   */
  record Plan(
      Path directory,
      List<ClusterPeer> peers,
      List<ClusterLoad.Setting> settings,
      int rounds,
      long roundMillis,
      long firstMillis,
      long warmUpMillis,
      Trials trials) {
    private static final long START_MILLIS = 3_000;
    private static final long KILL_MILLIS = 6_000;
    private static final long STALL_MILLIS = 1_000;

    /** Checks the ranges. */
    Plan {
      peers = List.copyOf(peers);
      settings = List.copyOf(settings);
      if (rounds < 1 || roundMillis < 1) {
        throw new IllegalArgumentException("rounds and round-millis must be positive");
      }
    }

    /** {@return the systems of the peers} */
    Set<ClusterSystem> systems() {
      Set<ClusterSystem> systems = new TreeSet<>();
      peers.forEach(peer -> systems.add(peer.system()));
      return systems;
    }

    /** {@return how many steps the observer is told of} */
    int stepCount() {
      return systems().size() + 1 + settings.size() + trials.stalls + trials.kills;
    }

    /** {@return about how long all of it takes} */
    Duration estimate() {
      long perSetting = warmUpMillis + rounds * roundMillis;
      return Duration.ofMillis(
          systems().size()
                  * (START_MILLIS
                      + IDLE_MILLIS
                      + roundMillis
                      + trials.kills * KILL_MILLIS
                      + 4 * STALL_MILLIS * trials.stalls)
              + peers.size() * (firstMillis + settings.size() * perSetting));
    }
  }

  /**
   * What is done to each system that keeps on.
   *
   * @param stalls how often all its processes stand still for a second
   * @param kills how many of its leaders are killed
   */
  record Trials(int stalls, int kills) {
    /** Checks the ranges. */
    Trials {
      if (stalls < 0 || kills < 0) {
        throw new IllegalArgumentException("stalls and kills must not be negative");
      }
    }
  }

  /**
   * How a system began, and what it costs while it has nothing to do.
   *
   * @param firstCommitNanos from the start of its processes to its first commit
   * @param cold what it did right after that
   * @param idleCores how much of a processor all of its processes take
   */
  record Beginning(ClusterPeer peer, long firstCommitNanos, Rounds.Round cold, double idleCores) {}

  /**
   * How long a system stood still.
   *
   * @param nanos of each kill of its leader, ascending
   */
  record Failover(ClusterPeer peer, List<Long> nanos) {
    /** Sorts the times. */
    Failover {
      nanos = nanos.stream().sorted().toList();
    }

    double medianMillis() {
      return nanos.get(nanos.size() / 2) / 1e6;
    }

    double worstMillis() {
      return nanos.getLast() / 1e6;
    }
  }

  /**
   * What systems did whose processes all stood still for a second, while a load was running.
   *
   * @param count how often that was
   * @param changes how often another node led after it
   */
  record Stalls(ClusterPeer peer, int count, int changes) {}

  /**
   * All that was measured.
   *
   * @param failures what was wrong with systems that were given up
   */
  record Result(
      List<Beginning> beginnings,
      List<ClusterMeasurement> measurements,
      List<Stalls> stalls,
      List<Failover> failovers,
      Map<ClusterPeer, String> failures) {}

  /** Learns how far a benchmark is. */
  interface Observer {
    /** The next step begins. */
    void step(String name);

    /** What was measured under one load. */
    void measured(List<ClusterMeasurement> measured);
  }

  ClusterBenchmark(Plan plan, Observer observer) {
    this.plan = plan;
    this.observer = observer;
  }

  /**
   * {@return all that was measured}
   *
   * @throws IllegalStateException if a cluster broke its promise, or a process has ended
   */
  Result run() throws Exception {
    Path directory = Files.createTempDirectory(plan.directory(), "khonsu-bench-cluster");
    Field field = new Field(directory);
    try (field) {
      List<Beginning> beginnings = field.begin();
      observer.step("warming up");
      for (ClusterPeer peer : plan.peers()) {
        field.attempt(peer, () -> field.run(peer, USUAL, plan.firstMillis()));
      }
      List<ClusterMeasurement> all = new ArrayList<>();
      for (ClusterLoad.Setting setting : plan.settings()) {
        observer.step(setting.title());
        List<ClusterMeasurement> measured = field.run(setting);
        observer.measured(measured);
        all.addAll(measured);
      }
      List<Stalls> stalls = field.stall();
      return new Result(beginnings, all, stalls, field.killLeaders(), field.failures);
    } finally {
      if (field.failures.isEmpty()) {
        Directories.delete(directory);
      }
    }
  }

  /** Something that a system may fail at. */
  private interface Attempt {
    void run() throws Exception;
  }

  /** All clusters. */
  private final class Field implements AutoCloseable {
    private final Path directory;
    private final Map<ClusterSystem, RunningCluster> clusters = new EnumMap<>(ClusterSystem.class);
    private final Map<ClusterPeer, String> failures = new EnumMap<>(ClusterPeer.class);

    private Field(Path directory) {
      this.directory = directory;
    }

    /**
     * Does something with a system. If it fails, and is not Khonsu, it is left alone from then on,
     * and the others go on.
     */
    private void attempt(ClusterPeer peer, Attempt action) throws Exception {
      if (!isGivenUp(peer)) {
        try {
          action.run();
        } catch (RuntimeException | IOException e) {
          if (peer.isKhonsu()) {
            throw e;
          }
          failures.put(peer, e + ", see " + directory);
        }
      }
    }

    private boolean isGivenUp(ClusterPeer peer) {
      return failures.keySet().stream().anyMatch(each -> each.system() == peer.system());
    }

    private RunningCluster of(ClusterPeer peer) {
      return Objects.requireNonNull(clusters.get(peer.system()));
    }

    /** {@return the first peer of each system} */
    private List<ClusterPeer> firstPeers() {
      Set<ClusterSystem> seen = new HashSet<>();
      return plan.peers().stream().filter(peer -> seen.add(peer.system())).toList();
    }

    private List<Beginning> begin() throws Exception {
      Set<Integer> ports = new HashSet<>();
      List<Beginning> beginnings = new ArrayList<>();
      for (ClusterPeer peer : firstPeers()) {
        observer.step("starting " + peer.title());
        attempt(peer, () -> beginnings.add(begin(peer, ports)));
      }
      return beginnings;
    }

    private Beginning begin(ClusterPeer peer, Set<Integer> ports) throws Exception {
      Path own = Files.createDirectory(directory.resolve(peer.id()));
      List<String> flags = peer.isKhonsu() ? NodeCache.make(own, ports) : List.of();
      long before = System.nanoTime();
      RunningCluster cluster = RunningCluster.start(peer.system(), own, ports, flags);
      clusters.put(peer.system(), cluster);
      cluster.awaitFirstCommit();
      long firstCommitNanos = System.nanoTime() - before;
      Rounds.Round cold = cluster.run(peer.way(), USUAL, plan.roundMillis());
      return new Beginning(peer, firstCommitNanos, cold, idleCores(cluster));
    }

    private static double idleCores(RunningCluster cluster) throws InterruptedException {
      long cpuBefore = cluster.cpuNanos();
      long before = System.nanoTime();
      TimeUnit.MILLISECONDS.sleep(IDLE_MILLIS);
      return (double) (cluster.cpuNanos() - cpuBefore) / (System.nanoTime() - before);
    }

    private List<ClusterMeasurement> run(ClusterLoad.Setting setting) throws Exception {
      Map<ClusterPeer, ClusterMeasurement> measured = new EnumMap<>(ClusterPeer.class);
      List<ClusterPeer> order = plan.peers();
      for (ClusterPeer peer : order) {
        measured.put(peer, new ClusterMeasurement(peer, setting));
        attempt(peer, () -> run(peer, setting, plan.warmUpMillis()));
      }
      for (int round = 0; round < plan.rounds(); round++) {
        for (ClusterPeer peer : order) {
          ClusterMeasurement its = Objects.requireNonNull(measured.get(peer));
          attempt(peer, () -> its.add(run(peer, setting, plan.roundMillis())));
        }
        order = order.reversed();
      }
      measured.keySet().removeIf(this::isGivenUp);
      return List.copyOf(measured.values());
    }

    private Rounds.Round run(ClusterPeer peer, ClusterLoad.Setting setting, long millis)
        throws Exception {
      Rounds.Round round = of(peer).run(peer.way(), setting, millis);
      for (int i = 0; round.work().failures > 0 && i < REPETITIONS; i++) {
        round = of(peer).run(peer.way(), setting, millis);
      }
      return round;
    }

    private List<Stalls> stall() throws Exception {
      Map<ClusterPeer, List<Boolean>> changes = new EnumMap<>(ClusterPeer.class);
      for (int stall = 0; stall < plan.trials().stalls(); stall++) {
        observer.step("standing still");
        for (ClusterPeer peer : firstPeers()) {
          if (peer.system().survives()) {
            List<Boolean> its = changes.computeIfAbsent(peer, _ -> new ArrayList<>());
            attempt(peer, () -> its.add(of(peer).stall(peer.way(), USUAL, Plan.STALL_MILLIS)));
          }
        }
      }
      changes.keySet().removeIf(this::isGivenUp);
      return changes.entrySet().stream()
          .map(entry ->
              new Stalls(
                  entry.getKey(),
                  entry.getValue().size(),
                  (int) entry.getValue().stream().filter(changed -> changed).count()))
          .toList();
    }

    private List<Failover> killLeaders() throws Exception {
      Map<ClusterPeer, List<Long>> nanos = new EnumMap<>(ClusterPeer.class);
      for (int kill = 0; kill < plan.trials().kills(); kill++) {
        observer.step("killing leaders");
        for (ClusterPeer peer : firstPeers()) {
          if (peer.system().survives()) {
            List<Long> its = nanos.computeIfAbsent(peer, _ -> new ArrayList<>());
            attempt(peer, () -> its.add(of(peer).killLeader()));
          }
        }
      }
      nanos.keySet().removeIf(this::isGivenUp);
      return nanos.entrySet().stream()
          .map(entry -> new Failover(entry.getKey(), entry.getValue()))
          .toList();
    }

    @Override
    public void close() {
      clusters.values().forEach(RunningCluster::close);
    }
  }
}
