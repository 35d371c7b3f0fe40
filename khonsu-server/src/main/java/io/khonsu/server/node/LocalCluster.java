package io.khonsu.server.node;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Some nodes on this machine, each in a process of its own, in one directory: {@code node-1.conf},
 * {@code node-1/} and {@code node-1.log} belong to node 1. For one thread; close it.
 */
public final class LocalCluster implements AutoCloseable {
  private static final int PORT_LEAST = 20_000;

  /** Below what systems give to whoever asks for any port, so that nobody else gets them. */
  private static final int PORT_BOUND = 32_000;

  private static final int PORT_ATTEMPTS = 1_000;
  private static final Duration POLL = Duration.ofMillis(20);

  private final Path directory;
  private final String mainClass;
  private List<String> options;
  private final List<@Nullable ServerProcess> processes = new ArrayList<>();
  private final List<AdminClient> admins = new ArrayList<>();

  private LocalCluster(Path directory, String mainClass, List<String> options) {
    this.directory = directory;
    this.mainClass = mainClass;
    this.options = List.copyOf(options);
  }

  /** {@return whether there is a cluster in a directory} */
  public static boolean isIn(Path directory) {
    return Files.exists(file(directory, 1, ".conf"));
  }

  /**
   * Makes a cluster in a directory, and starts its nodes.
   *
   * @param nodes how many
   * @param mainClass the program's
   * @param options of {@code khonsu server}, further ones
   * @throws IOException if something is there already, or cannot be written
   */
  public static LocalCluster create(
      Path directory, int nodes, String mainClass, List<String> options) throws IOException {
    var _ = configure(directory, nodes);
    LocalCluster cluster = new LocalCluster(directory, mainClass, options);
    cluster.startAll(nodes, List.of("--new"));
    return cluster;
  }

  /**
   * Makes a cluster in a directory, and starts nothing.
   *
   * @return the configuration files
   * @throws IOException if something is there already, or cannot be written
   */
  public static List<Path> configure(Path directory, int nodes) throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> found = Files.list(directory)) {
      if (found.findAny().isPresent()) {
        throw new IOException(directory + " is not empty: name a new directory");
      }
    }
    return writeConfigurations(directory, nodes);
  }

  /** Starts the nodes of a cluster that was made before. */
  public static LocalCluster open(Path directory, String mainClass, List<String> options)
      throws IOException {
    LocalCluster cluster = new LocalCluster(directory, mainClass, options);
    int nodes = 0;
    while (Files.exists(cluster.configuration(nodes + 1))) {
      nodes++;
    }
    cluster.startAll(nodes, List.of());
    return cluster;
  }

  private void startAll(int nodes, List<String> further) throws IOException {
    boolean started = false;
    try {
      for (int node = 1; node <= nodes; node++) {
        admins.add(new AdminClient(NodeConfig.readAdmin(configuration(node))));
        processes.add(start(node, further));
      }
      started = true;
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      if (!started) {
        close();
      }
    }
  }

  private ServerProcess start(int node, List<String> further) throws IOException {
    List<String> all = new ArrayList<>(options);
    all.addAll(further);
    all.addAll(List.of("--config", configuration(node).toString()));
    return ServerProcess.start(mainClass, all, log(node));
  }

  private static List<Path> writeConfigurations(Path directory, int nodes) throws IOException {
    Set<Integer> taken = new HashSet<>();
    StringBuilder addresses = new StringBuilder();
    for (int node = 1; node <= nodes; node++) {
      addresses.append("node.%d = 127.0.0.1:%d%n".formatted(node, freePort(taken)));
    }
    long clusterId = ThreadLocalRandom.current().nextLong(1, 1L << 31);
    List<Path> files = new ArrayList<>();
    for (int node = 1; node <= nodes; node++) {
      String text =
          "cluster = %d%nnode = %d%ndirectory = node-%d%nadmin = 127.0.0.1:%d%n%s"
              .formatted(clusterId, node, node, freePort(taken), addresses);
      Path file = file(directory, node, ".conf");
      Files.writeString(file, text);
      files.add(file);
    }
    return files;
  }

  private static int freePort(Set<Integer> taken) throws IOException {
    for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(PORT_LEAST, PORT_BOUND);
      if (!taken.contains(port) && isFree(port)) {
        taken.add(port);
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

  private static Path file(Path directory, long node, String ending) {
    return directory.resolve("node-" + node + ending);
  }

  /** {@return how many nodes there are, whether they run or not} */
  public int size() {
    return processes.size();
  }

  /** {@return a node's configuration file} */
  public Path configuration(long node) {
    return file(directory, node, ".conf");
  }

  /** {@return the file that holds all that a node has said} */
  public Path log(long node) {
    return file(directory, node, ".log");
  }

  /** {@return where the demo's writers note what they did, beside the disk of their node} */
  public static Path acknowledgements(Path disk) {
    return disk.resolveSibling(disk.getFileName() + ".acks");
  }

  /** {@return the same, of a node} */
  public Path acknowledgements(long node) {
    return acknowledgements(file(directory, node, ""));
  }

  /** Sets the options of nodes that are started from here on. */
  public void setOptions(List<String> further) {
    options = List.copyOf(further);
  }

  /** {@return a node's process, or null if it was not started again} */
  public @Nullable ServerProcess process(long node) {
    return processes.get((int) node - 1);
  }

  /** {@return a way to look at a node} */
  public AdminClient admin(long node) {
    return admins.get((int) node - 1);
  }

  /** Kills a node, as {@code kill -9} does. */
  public void kill(long node) throws InterruptedException {
    ServerProcess process = process(node);
    if (process != null) {
      process.kill();
      processes.set((int) node - 1, null);
    }
  }

  /** Starts a node that does not run. */
  public void restart(long node) throws IOException {
    processes.set((int) node - 1, start((int) node, List.of()));
  }

  /**
   * Waits until some nodes follow one leader that reaches a majority.
   *
   * @return the leader
   * @throws IOException if a node that should run has ended; the message says what it said
   * @throws TimeoutException if there is none in time
   */
  public long awaitLeader(List<Long> nodes, Duration timeout)
      throws IOException, InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      Set<Long> leaders = new HashSet<>();
      for (long node : nodes) {
        checkAlive(node);
        leaders.add(leaderKnownTo(node));
      }
      long leader = leaders.iterator().next();
      if (leaders.size() == 1 && leader != 0) {
        return leader;
      }
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "nodes %s have no leader after %d s; %s says more"
                .formatted(nodes, timeout.toSeconds(), log(nodes.getFirst())));
      }
      Thread.sleep(POLL);
    }
  }

  private void checkAlive(long node) throws IOException {
    ServerProcess process = process(node);
    if (process == null || !process.isAlive()) {
      List<String> said = Files.exists(log(node)) ? Files.readAllLines(log(node)) : List.of();
      throw new IOException(
          "node %d has ended: %s".formatted(node, said.isEmpty() ? "silently" : said.getLast()));
    }
  }

  /** {@return whom a node follows, or 0 if there is none, or it does not answer yet} */
  private long leaderKnownTo(long node) {
    try {
      JsonNode status = admin(node).status();
      return status.path("healthy").asBoolean() ? status.path("leader").asLong() : 0;
    } catch (IOException _) {
      return 0; // it is being started
    }
  }

  /**
   * Waits until all nodes have ended.
   *
   * @param listener is told of each, by any thread
   */
  public void awaitEnd(LongConsumer listener) {
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    for (long node = 1; node <= size(); node++) {
      ServerProcess process = process(node);
      long ended = node;
      if (process != null) {
        ends.add(process.onEnd().thenAccept(_ -> listener.accept(ended)));
      }
    }
    CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new)).join();
  }

  /**
   * Stops all nodes, as {@code kill} does, and waits for them.
   *
   * @return the exit status of each that ran
   */
  public List<Integer> stop() throws InterruptedException {
    List<Integer> ended = new ArrayList<>();
    for (int node = 1; node <= size(); node++) {
      ServerProcess process = process(node);
      if (process != null) {
        ended.add(process.stop());
        processes.set(node - 1, null);
      }
    }
    return ended;
  }

  /** Kills what still runs. */
  @Override
  public void close() {
    for (int node = 1; node <= size(); node++) {
      ServerProcess process = process(node);
      if (process != null) {
        process.close();
      }
    }
  }
}
