package io.khonsu.server.node;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.grpc.ClientSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
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
  private static final Duration TIMEOUT = Duration.ofMinutes(3);

  /** Nothing between the nodes. */
  private static final Routes STRAIGHT = (_, _, ports) -> ports.target();

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
    return begin(directory, mainClass, options);
  }

  /** On its way from a node to another: where the other listens, and one that is free. */
  public record Ports(int target, int free) {}

  /** Where nodes call each other. */
  public interface Routes {
    /** {@return the port on this machine at which a node calls another one} */
    int port(long from, long to, Ports ports) throws IOException;
  }

  /**
   * Makes a cluster in a directory, and starts nothing.
   *
   * @return the configuration files
   * @throws IOException if something is there already, or cannot be written
   */
  public static List<Path> configure(Path directory, int nodes) throws IOException {
    return configure(directory, nodes, STRAIGHT);
  }

  /**
   * The same, with something between the nodes.
   *
   * @param routes asked once for each two nodes, in both directions
   */
  public static List<Path> configure(Path directory, int nodes, Routes routes) throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> found = Files.list(directory)) {
      if (found.findAny().isPresent()) {
        throw new IOException(directory + " is not empty: name a new directory");
      }
    }
    return writeConfigurations(directory, nodes, routes);
  }

  /** Starts the nodes of a cluster that was configured, for the first time. */
  public static LocalCluster begin(Path directory, String mainClass, List<String> options)
      throws IOException {
    return start(new LocalCluster(directory, mainClass, options), List.of("--new"));
  }

  /** Starts the nodes of a cluster that was made before. */
  public static LocalCluster open(Path directory, String mainClass, List<String> options)
      throws IOException {
    return start(new LocalCluster(directory, mainClass, options), List.of());
  }

  private static LocalCluster start(LocalCluster cluster, List<String> further) throws IOException {
    cluster.startAll(further);
    return cluster;
  }

  private void startAll(List<String> further) throws IOException {
    boolean started = false;
    try {
      for (int node = 1; Files.exists(configuration(node)); node++) {
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

  private static List<Path> writeConfigurations(Path directory, int nodes, Routes routes)
      throws IOException {
    Set<Integer> taken = new HashSet<>();
    int[] listens = new int[nodes + 1];
    for (int node = 1; node <= nodes; node++) {
      listens[node] = freePort(taken);
    }
    long clusterId = ThreadLocalRandom.current().nextLong(1, 1L << 31);
    List<Path> files = new ArrayList<>();
    for (int node = 1; node <= nodes; node++) {
      StringBuilder text = new StringBuilder(ownLines(clusterId, node, taken));
      for (int other = 1; other <= nodes; other++) {
        int port = listens[other];
        if (other != node) {
          port = routes.port(node, other, new Ports(port, freePort(taken)));
        }
        text.append("node.%d = 127.0.0.1:%d%n".formatted(other, port));
      }
      Path file = file(directory, node, ".conf");
      Files.writeString(file, text);
      files.add(file);
    }
    return files;
  }

  private static String ownLines(long clusterId, int node, Set<Integer> taken) throws IOException {
    return String.format("cluster = %d%nnode = %d%ndirectory = node-%d%n", clusterId, node, node)
        + "admin = 127.0.0.1:%d%n".formatted(freePort(taken))
        + "client = 127.0.0.1:%d%n".formatted(freePort(taken));
  }

  /**
   * Makes the configuration of another node, which knows the others, and starts it as one that
   * joins.
   *
   * @return its number
   */
  public long add() throws IOException {
    int node = size() + 1;
    try {
      NodeConfig first = NodeConfig.read(configuration(1));
      Set<Integer> taken = new HashSet<>();
      StringBuilder text = new StringBuilder(ownLines(first.peers().clusterId(), node, taken));
      text.append("node.%d = 127.0.0.1:%d%n".formatted(node, freePort(taken)));
      for (int other = 1; other < node; other++) {
        text.append("node.%d = %s%n".formatted(other, address(other)));
      }
      Files.writeString(configuration(node), text);
      admins.add(new AdminClient(NodeConfig.readAdmin(configuration(node))));
      processes.add(start(node, List.of("--join")));
      return node;
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** {@return where the others reach a node} */
  public String address(long node) throws IOException {
    try {
      NodeConfig config = NodeConfig.read(configuration(node));
      return String.valueOf(config.cluster().addresses().get(node));
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
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

  /** {@return the directory of a node's disk} */
  public Path disk(long node) {
    return disk(directory, node);
  }

  /** {@return the directory of the disk of a node of a cluster in a directory} */
  public static Path disk(Path directory, long node) {
    return file(directory, node, "");
  }

  /**
   * {@return what to connect to it by, or empty if its nodes do not listen for clients}
   *
   * @throws IOException if a configuration cannot be read
   */
  public Optional<String> address() throws IOException {
    List<String> addresses = new ArrayList<>();
    for (int node = 1; node <= size(); node++) {
      clients(node).ifPresent(addresses::add);
    }
    return addresses.isEmpty()
        ? Optional.empty()
        : Optional.of("khonsu://" + String.join(",", addresses));
  }

  /**
   * {@return where a node listens for clients, as host and port}
   *
   * @throws IOException if it does not, or its configuration cannot be read
   */
  public String clientAddress(long node) throws IOException {
    return clients(node)
        .orElseThrow(() ->
            new IOException("%s has no client address: add one".formatted(configuration(node))));
  }

  private Optional<String> clients(long node) throws IOException {
    try {
      return NodeConfig.read(configuration(node))
          .clients()
          .map(ClientSettings::listen)
          .map(listen -> "%s:%d".formatted(listen.getHostString(), listen.getPort()));
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** {@return where the demo's writers note what they did, beside the disk of their node} */
  public static Path acknowledgements(Path disk) {
    return disk.resolveSibling(disk.getFileName() + ".acks");
  }

  /** {@return the same, of a node} */
  public Path acknowledgements(long node) {
    return acknowledgements(disk(node));
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

  /** Stops a node, as {@code kill} does; {@return its exit status} */
  public int stopOne(long node) throws InterruptedException {
    ServerProcess process = process(node);
    if (process == null) {
      throw new IllegalArgumentException("node %d does not run".formatted(node));
    }
    int status = process.stop();
    processes.set((int) node - 1, null);
    return status;
  }

  /** Starts a node that does not run. */
  public void restart(long node) throws IOException {
    processes.set((int) node - 1, start((int) node, List.of()));
  }

  /**
   * Waits until some nodes follow one leader that reaches a majority; those that were removed from
   * the cluster follow nobody.
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
        if (!wasRemoved(node)) {
          leaders.add(leaderKnownTo(node));
        }
      }
      long leader = leaders.isEmpty() ? 0 : leaders.iterator().next();
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

  private boolean wasRemoved(long node) {
    try {
      String standing = admin(node).status().path("standing").asText();
      return standing.equals("REMOVED") || standing.equals("LEAVING");
    } catch (IOException _) {
      return false; // it is being started
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

  /** Something that becomes true. */
  public interface Condition {
    /** {@return whether it is} */
    boolean holds() throws IOException;
  }

  /**
   * Waits, for as long as any machine may take. A node that does not answer has just been started,
   * or is busy: it is asked again.
   *
   * @param what is waited for
   * @throws TimeoutException if it never came; the cause says why, if something was thrown
   */
  public static void await(Condition condition, String what)
      throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    IOException last = null;
    while (System.nanoTime() < deadline) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (IOException e) {
        last = e;
      }
      Thread.sleep(POLL);
    }
    TimeoutException timeout =
        new TimeoutException("there was no %s within %d s".formatted(what, TIMEOUT.toSeconds()));
    timeout.initCause(last);
    throw timeout;
  }

  /**
   * Makes the way from a node to another fail, or work again.
   *
   * @param fault as the node understands it
   * @throws TimeoutException if the node does not answer
   */
  public void setFault(long from, long to, String fault)
      throws InterruptedException, TimeoutException {
    await(
        () -> {
          admin(from).setFault(to, fault);
          return true;
        },
        "answer to the fault " + fault);
  }

  /**
   * Sets the clock of a node that allows faults wrong, or right again.
   *
   * @param ahead how far it is to be ahead of the machine's
   * @throws TimeoutException if the node does not answer
   */
  public void setClock(long node, Duration ahead) throws InterruptedException, TimeoutException {
    await(
        () -> {
          admin(node).setClock(ahead.toMillis());
          return true;
        },
        "answer of node %d to its new time".formatted(node));
  }

  /**
   * {@return the state hashes of nodes that run, once all have applied equally much}
   *
   * @throws TimeoutException if they never have
   */
  public List<String> stateHashes(List<Long> nodes) throws InterruptedException, TimeoutException {
    List<String> hashes = new ArrayList<>();
    await(
        () -> {
          hashes.clear();
          Set<Long> applied = new HashSet<>();
          for (long node : nodes) {
            JsonNode status = admin(node).status();
            applied.add(status.path("appliedIndex").asLong());
            hashes.add(status.path("stateHash").asText());
          }
          return applied.size() == 1;
        },
        "all nodes at the same index");
    return hashes;
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
