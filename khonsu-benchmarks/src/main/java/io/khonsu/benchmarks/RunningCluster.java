package io.khonsu.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The processes of one system, and one with its clients if it has any. For one thread; close it.
 */
final class RunningCluster implements AutoCloseable {
  private static final Duration ANSWER = Duration.ofMinutes(2);
  private static final int PORT_LEAST = 20_000;

  /** Below what systems give to whoever asks for any port, so that nobody else gets them. */
  private static final int PORT_BOUND = 32_000;

  private static final int PORT_ATTEMPTS = 1_000;
  private static final long POLL_MILLIS = 20;

  private final ClusterSystem system;
  private final Path directory;
  private final List<Integer> ports;
  private final List<String> flags;
  private final List<ChildProcess> nodes = new ArrayList<>();
  private @Nullable ChildProcess client;

  private RunningCluster(
      ClusterSystem system, Path directory, List<Integer> ports, List<String> flags) {
    this.system = system;
    this.directory = directory;
    this.ports = ports;
    this.flags = flags;
  }

  /**
   * Starts a new cluster.
   *
   * @param directory an empty one, of this cluster alone
   * @param taken ports that nobody listens on yet, but will; those of this cluster are added
   * @param flags for the virtual machines of its nodes, beside those that all have
   */
  static RunningCluster start(
      ClusterSystem system, Path directory, Set<Integer> taken, List<String> flags)
      throws IOException, InterruptedException {
    List<Integer> ports = new ArrayList<>();
    for (int port = 0; port < system.portCount(); port++) {
      ports.add(freePort(taken));
    }
    RunningCluster cluster = new RunningCluster(system, directory, ports, flags);
    boolean started = false;
    try {
      for (int node = 1; node <= system.size(); node++) {
        Files.createDirectory(cluster.directory(node));
        cluster.nodes.add(cluster.startNode(node, true));
      }
      if (system != ClusterSystem.ETCD) {
        for (ChildProcess node : cluster.nodes) {
          var _ = node.answer(ANSWER);
        }
      }
      started = true;
      return cluster;
    } finally {
      if (!started) {
        cluster.close();
      }
    }
  }

  /** {@return a port that nobody listens on, and that is none of those taken; it is added} */
  static int freePort(Set<Integer> taken) throws IOException {
    for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(PORT_LEAST, PORT_BOUND);
      if (taken.add(port) && isFree(port)) {
        return port;
      }
    }
    throw new IOException("no port from %d to %d is free".formatted(PORT_LEAST, PORT_BOUND));
  }

  private static boolean isFree(int port) {
    try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private Path directory(int node) {
    return directory.resolve("node-" + node);
  }

  private ChildProcess startNode(int node, boolean isNew) throws IOException {
    ClusterSite site = new ClusterSite(system.size(), node, directory(node), ports, isNew);
    Path log = directory.resolve("node-" + node + ".log");
    return system == ClusterSystem.ETCD
        ? ChildProcess.start(ClusterSystem.etcdCommand(site), log)
        : startProgram(site, flags, log);
  }

  private ChildProcess startProgram(ClusterSite site, List<String> itsFlags, Path log)
      throws IOException {
    List<String> arguments = new ArrayList<>(List.of(system.name(), Integer.toString(site.node())));
    arguments.addAll(List.of(site.directory().toString(), site.isNew() ? "new" : "old"));
    site.ports().forEach(port -> arguments.add(port.toString()));
    return ChildProcess.startJava(itsFlags, ClusterProgram.class, arguments, log);
  }

  /**
   * {@return the processes that answer commands, in the order of the nodes; a client if need be}
   */
  private List<ChildProcess> programs() throws IOException, InterruptedException {
    return system == ClusterSystem.ETCD ? List.of(client()) : nodes;
  }

  private ChildProcess client() throws IOException, InterruptedException {
    ChildProcess running = client;
    if (running == null) {
      ClusterSite site = new ClusterSite(system.size(), 0, directory, ports, true);
      running = startProgram(site, List.of(), directory.resolve("client.log"));
      client = running;
      var _ = running.answer(ANSWER);
    }
    return running;
  }

  /**
   * Waits until all that can be asked agree on a leader.
   *
   * @return its number
   * @throws IllegalStateException if they do not in time
   */
  int awaitLeader() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + ANSWER.toNanos();
    while (System.nanoTime() < deadline) {
      Set<Integer> leaders = new HashSet<>();
      for (ChildProcess program : programs()) {
        if (program.isAlive()) {
          leaders.add(Integer.valueOf(program.ask("leader", ANSWER)));
        }
      }
      int leader = leaders.size() == 1 ? leaders.iterator().next() : 0;
      if (leader != 0 && nodes.get(leader - 1).isAlive()) {
        return leader;
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    throw new IllegalStateException(system + " has no leader; " + directory + " has its logs");
  }

  /**
   * Runs a load.
   *
   * @return what was done, with the processor time of all processes of the cluster
   */
  Rounds.Round run(ClusterPeer.Way way, ClusterLoad.Setting setting, long millis)
      throws IOException, InterruptedException {
    int leader = awaitLeader();
    ChildProcess program =
        switch (way) {
          case INSIDE -> nodes.get(leader - 1);
          case CLIENT -> client();
        };
    long cpuBefore = cpuNanos();
    String answer = program.ask("load " + setting.text() + " " + millis, ANSWER.plusMillis(millis));
    String[] parts = answer.split(" ", -1);
    Work work = new Work();
    work.commits = Long.parseLong(parts[0]);
    work.failures = Long.parseLong(parts[1]);
    work.cpuNanos = cpuNanos() - cpuBefore;
    return new Rounds.Round(work, Long.parseLong(parts[2]), Histogram.parse(parts[3]));
  }

  /** {@return how much processor time its processes that run have used} */
  long cpuNanos() {
    ChildProcess clients = client;
    long nanos = clients == null ? 0 : clients.cpuNanos();
    for (ChildProcess node : nodes) {
      nanos += node.cpuNanos();
    }
    return nanos;
  }

  /** Waits for the first commit after the cluster was started. */
  void awaitFirstCommit() throws IOException, InterruptedException {
    int leader = awaitLeader();
    var _ = programs().get(system == ClusterSystem.ETCD ? 0 : leader - 1).ask("probe 0", ANSWER);
  }

  /**
   * Kills the leader while nothing else happens, and starts it again after the others have gone on.
   *
   * @return nanoseconds until a commit was done that was begun after the kill, by whoever could
   */
  long killLeader() throws IOException, InterruptedException {
    int leader = awaitLeader();
    ChildProcess victim = nodes.get(leader - 1);
    long killedNanos = System.nanoTime();
    victim.kill();
    long committedNanos = 0;
    while (committedNanos == 0) {
      committedNanos = probe(victim, leader);
    }
    victim.end(); // it must have gone before its ports and its disk are used again
    nodes.set(leader - 1, startNode(leader, false));
    awaitStart(leader);
    victim.close();
    return committedNanos - killedNanos;
  }

  /** Waits until a node takes part again: else its start would slow down what comes next. */
  private void awaitStart(int node) throws IOException, InterruptedException {
    if (system != ClusterSystem.ETCD) {
      var _ = nodes.get(node - 1).answer(ANSWER);
      return;
    }
    long deadline = System.nanoTime() + ANSWER.toNanos();
    while (!isListening(ports.get(node - 1))) { // to clients, when it is ready
      if (System.nanoTime() > deadline || !nodes.get(node - 1).isAlive()) {
        throw new IllegalStateException(
            "node %d of %s did not start again; %s has its log".formatted(node, system, directory));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  private static boolean isListening(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /**
   * Stops all processes at once for a while, under a load, as a machine that stalls does.
   *
   * @return whether another node leads after that
   */
  boolean stall(ClusterPeer.Way way, ClusterLoad.Setting setting, long millis)
      throws IOException, InterruptedException {
    int leader = awaitLeader();
    CompletableFuture<Rounds.Round> load =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return run(way, setting, 3 * millis);
              } catch (IOException | InterruptedException e) {
                throw new CompletionException(e);
              }
            },
            Thread::startVirtualThread);
    TimeUnit.MILLISECONDS.sleep(millis);
    suspend(true);
    TimeUnit.MILLISECONDS.sleep(millis);
    suspend(false);
    var _ = load.join();
    return awaitLeader() != leader;
  }

  private void suspend(boolean stops) throws IOException, InterruptedException {
    for (ChildProcess node : nodes) {
      node.suspend(stops);
    }
  }

  /** {@return when the first of those that run has committed, or 0 if each left it to another} */
  private long probe(ChildProcess victim, int lost) throws IOException, InterruptedException {
    List<CompletableFuture<Long>> ends = new ArrayList<>();
    for (ChildProcess program : programs()) {
      if (!program.equals(victim) && program.isAlive()) {
        program.tell("probe " + lost);
        ends.add(
            CompletableFuture.supplyAsync(
                () -> committedNanos(program), Thread::startVirtualThread));
      }
    }
    long first = 0;
    for (CompletableFuture<Long> end : ends) {
      long nanos = end.join();
      first = first == 0 || (nanos != 0 && nanos < first) ? nanos : first;
    }
    return first;
  }

  private static long committedNanos(ChildProcess program) {
    try {
      return program.answer(ANSWER).equals("committed") ? System.nanoTime() : 0;
    } catch (InterruptedException e) {
      throw new CompletionException(e);
    }
  }

  /** Ends all processes. */
  @Override
  public void close() {
    ChildProcess clients = client;
    if (clients != null) {
      clients.close();
    }
    nodes.forEach(ChildProcess::close);
  }
}
