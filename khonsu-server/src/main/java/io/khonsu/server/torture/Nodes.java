package io.khonsu.server.torture;

import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.ServerProcess;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/** The nodes, a proxy on each way from one to another, and how they are hurt. Close it. */
final class Nodes implements AutoCloseable {
  /** So many connections end, one after another, each after something has come through it. */
  private static final int RESETS = 3;

  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration TIMEOUT = Duration.ofMinutes(3);

  /** The exit status of a node that says why it cannot go on. */
  private static final int UNAVAILABLE = 3;

  private static final long IMAGE_BYTES = 1L << 30;

  /** As much as nodes write at most. */
  private static final long IMAGE_BYTES_PER_MINUTE = 256L << 20;

  /** The way from one node to another. */
  private record Way(long from, long to) {}

  private final Map<Way, LinkProxy> proxies = new HashMap<>();
  private final Map<Long, LoopDisk> disks = new HashMap<>();
  private final List<String> complaints = new ArrayList<>();
  private final LocalCluster cluster;

  private Nodes(Path directory, String mainClass, TorturePlan plan)
      throws IOException, InterruptedException {
    List<String> options = List.of("--faults", "--clients", Long.toString(plan.seed()));
    boolean isMade = false;
    Leftovers.hook();
    try {
      var _ = LocalCluster.configure(directory, Torture.NODES, this::route);
      if (plan.needsLoopDisks()) {
        makeDisks(directory, IMAGE_BYTES + plan.duration().toMinutes() * IMAGE_BYTES_PER_MINUTE);
      }
      cluster = LocalCluster.begin(directory, mainClass, options);
      isMade = true;
    } finally {
      if (!isMade) {
        closeProxies();
        closeDisks();
      }
    }
  }

  /** Starts them. */
  static Nodes create(Path directory, String mainClass, TorturePlan plan)
      throws IOException, InterruptedException {
    return new Nodes(directory, mainClass, plan);
  }

  private void makeDisks(Path directory, long sizeBytes) throws IOException, InterruptedException {
    for (long node : Torture.ALL) {
      Path mountPoint = LocalCluster.disk(directory, node);
      Path image = mountPoint.resolveSibling(mountPoint.getFileName() + ".image");
      disks.put(node, LoopDisk.make(image, mountPoint, "ext4", sizeBytes));
    }
  }

  private int route(long from, long to, LocalCluster.Ports ports) throws IOException {
    proxies.put(new Way(from, to), LinkProxy.open(ports.free(), ports.target()));
    return ports.free();
  }

  LocalCluster cluster() {
    return cluster;
  }

  /** {@return what nodes did that they should not have done when they were hurt} */
  List<String> complaints() {
    return complaints;
  }

  private static long follower(Fault fault, long leader) {
    return (leader - 1 + fault.follower()) % Torture.NODES + 1;
  }

  /** Hurts, for as long as it is to last, and mends. */
  void hurt(Fault fault, long leader) throws IOException, InterruptedException, TimeoutException {
    long follower = follower(fault, leader);
    switch (fault.kind()) {
      case KILL_LEADER -> kill(fault, List.of(leader));
      case KILL_FOLLOWER -> kill(fault, List.of(follower));
      case KILL_ALL -> kill(fault, Torture.ALL);
      case PAUSE_LEADER -> pause(fault, leader);
      case PAUSE_FOLLOWER -> pause(fault, follower);
      case ISOLATE_LEADER -> isolate(fault, leader);
      case CLOCK_OF_LEADER -> setClock(fault, leader);
      case CLOCK_OF_FOLLOWER -> setClock(fault, follower);
      case FULL_DISK_OF_LEADER -> fillDisk(fault, leader);
      case FULL_DISK_OF_FOLLOWER -> fillDisk(fault, follower);
      case POWER_LOSS_OF_LEADER -> cutPower(fault, List.of(leader));
      case POWER_LOSS_OF_FOLLOWER -> cutPower(fault, List.of(follower));
      case POWER_LOSS_OF_ALL -> cutPower(fault, Torture.ALL);
      case CHAIN -> breakLinks(fault, "CUT", new Way(leader, follower), new Way(follower, leader));
      case DROP_FROM_LEADER -> breakLinks(fault, "DROP", new Way(leader, follower));
      case DROP_TO_LEADER -> breakLinks(fault, "DROP", new Way(follower, leader));
      case SLOW_LINK -> disturb(fault, new Way(leader, follower), LinkProxy.State.SLOW);
      case STALLED_LINK -> disturb(fault, new Way(leader, follower), LinkProxy.State.STALLED);
      case RESET_LINK ->
          proxy(new Way(leader, follower)).cutAgainAndAgain(RESETS, fault.duration(), TIMEOUT);
    }
  }

  /** {@return the nodes that are neither stopped nor cut off from all others} */
  List<Long> serving(Fault fault, long leader) {
    List<Long> serving = new ArrayList<>(Torture.ALL);
    switch (fault.kind()) {
      case KILL_ALL, POWER_LOSS_OF_ALL -> serving.clear();
      case KILL_LEADER, PAUSE_LEADER, ISOLATE_LEADER, FULL_DISK_OF_LEADER, POWER_LOSS_OF_LEADER ->
          serving.remove(leader);
      case KILL_FOLLOWER, PAUSE_FOLLOWER, FULL_DISK_OF_FOLLOWER, POWER_LOSS_OF_FOLLOWER ->
          serving.remove(follower(fault, leader));
      case CHAIN, DROP_FROM_LEADER, DROP_TO_LEADER, SLOW_LINK, STALLED_LINK, RESET_LINK -> {}
      case CLOCK_OF_LEADER, CLOCK_OF_FOLLOWER -> {}
    }
    return serving;
  }

  private void kill(Fault fault, List<Long> victims) throws IOException, InterruptedException {
    for (long node : victims) {
      cluster.kill(node);
    }
    Thread.sleep(fault.duration());
    for (long node : victims) {
      cluster.restart(node);
    }
  }

  /** Nobody is told of a sync that did not happen, as nobody runs when the power goes. */
  private void cutPower(Fault fault, List<Long> victims) throws IOException, InterruptedException {
    for (long node : victims) {
      cluster.kill(node);
      disk(node).cutPower();
    }
    Thread.sleep(fault.duration());
    for (long node : victims) {
      disk(node).restorePower();
      cluster.restart(node);
    }
  }

  private LoopDisk disk(long node) {
    LoopDisk disk = disks.get(node);
    if (disk == null) {
      throw new IllegalStateException("node %d has no file system of its own".formatted(node));
    }
    return disk;
  }

  private void fillDisk(Fault fault, long node)
      throws IOException, InterruptedException, TimeoutException {
    ServerProcess process = process(node);
    long saidBefore = Files.size(cluster.log(node));
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    do { // it may make room itself, as by dropping what it needs no more
      disk(node).fill();
      Thread.sleep(POLL);
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "the disk of node %d is full for %d s, and it has not ended"
                .formatted(node, TIMEOUT.toSeconds()));
      }
    } while (process.isAlive());
    checkEnd(node, cluster.stopOne(node), saidBefore);
    Thread.sleep(fault.duration());
    disk(node).makeRoom();
    cluster.restart(node);
  }

  private void checkEnd(long node, int exitStatus, long saidBefore) throws IOException {
    byte[] log = Files.readAllBytes(cluster.log(node));
    int from = Math.toIntExact(saidBefore);
    String said = new String(log, from, log.length - from, Charset.defaultCharset());
    if (exitStatus != UNAVAILABLE || !said.contains(LoopDisk.FULL)) {
      complaints.add(
          "node %d, whose disk was full, ended with %d, and said: %s"
              .formatted(node, exitStatus, said.strip()));
    }
  }

  private void setClock(Fault fault, long node) throws InterruptedException, TimeoutException {
    cluster.setClock(node, fault.skew());
    Thread.sleep(fault.duration());
    cluster.setClock(node, Duration.ZERO);
  }

  private ServerProcess process(long node) throws IOException {
    ServerProcess process = cluster.process(node);
    if (process == null) {
      throw new IOException("node %d does not run".formatted(node));
    }
    return process;
  }

  private void pause(Fault fault, long node) throws IOException, InterruptedException {
    ServerProcess process = process(node);
    process.pause();
    try {
      Thread.sleep(fault.duration());
    } finally {
      process.resume();
    }
  }

  private void isolate(Fault fault, long node) throws InterruptedException {
    setAll(node, LinkProxy.State.CUT);
    Thread.sleep(fault.duration());
    setAll(node, LinkProxy.State.OPEN);
  }

  private void setAll(long node, LinkProxy.State state) {
    proxies.forEach((way, proxy) -> {
      if (way.from == node || way.to == node) {
        proxy.set(state);
      }
    });
  }

  private void breakLinks(Fault fault, String how, Way... ways)
      throws InterruptedException, TimeoutException {
    for (Way way : ways) {
      cluster.setFault(way.from, way.to, how);
    }
    Thread.sleep(fault.duration());
    for (Way way : ways) {
      cluster.setFault(way.from, way.to, "NONE");
    }
  }

  private LinkProxy proxy(Way way) {
    LinkProxy proxy = proxies.get(way);
    if (proxy == null) {
      throw new IllegalStateException("there is no proxy on " + way);
    }
    return proxy;
  }

  private void disturb(Fault fault, Way way, LinkProxy.State state) throws InterruptedException {
    LinkProxy proxy = proxy(way);
    proxy.set(state);
    Thread.sleep(fault.duration());
    proxy.set(LinkProxy.State.OPEN);
  }

  /** Ends all nodes. */
  @Override
  public void close() throws IOException {
    cluster.close();
    cluster.awaitEnd(_ -> {});
    closeProxies();
    closeDisks();
  }

  private void closeProxies() {
    proxies.values().forEach(LinkProxy::close);
  }

  private void closeDisks() throws IOException {
    IOException failure = null;
    for (LoopDisk disk : disks.values()) {
      try {
        disk.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
