package io.khonsu.server.torture;

import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/** The nodes, a proxy on each way from one to another, and how they are hurt. Close it. */
final class Nodes implements AutoCloseable {
  /** Between the ends of connections that end again and again. */
  private static final int RESETS = 3;

  /** The way from one node to another. */
  private record Way(long from, long to) {}

  private final Map<Way, LinkProxy> proxies = new HashMap<>();
  private final LocalCluster cluster;

  private Nodes(Path directory, String mainClass, long seed) throws IOException {
    List<String> options = List.of("--faults", "--clients", Long.toString(seed));
    boolean isMade = false;
    try {
      cluster = LocalCluster.create(directory, Torture.NODES, mainClass, options, this::route);
      isMade = true;
    } finally {
      if (!isMade) {
        closeProxies();
      }
    }
  }

  static Nodes create(Path directory, String mainClass, long seed) throws IOException {
    return new Nodes(directory, mainClass, seed);
  }

  private int route(long from, long to, LocalCluster.Ports ports) throws IOException {
    proxies.put(new Way(from, to), LinkProxy.open(ports.free(), ports.target()));
    return ports.free();
  }

  LocalCluster cluster() {
    return cluster;
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
      case CHAIN -> breakLinks(fault, "CUT", new Way(leader, follower), new Way(follower, leader));
      case DROP_FROM_LEADER -> breakLinks(fault, "DROP", new Way(leader, follower));
      case DROP_TO_LEADER -> breakLinks(fault, "DROP", new Way(follower, leader));
      case SLOW_LINK -> disturb(fault, new Way(leader, follower), LinkProxy.State.SLOW);
      case STALLED_LINK -> disturb(fault, new Way(leader, follower), LinkProxy.State.STALLED);
      case RESET_LINK -> {
        for (int i = 0; i < RESETS; i++) {
          disturb(fault, new Way(leader, follower), LinkProxy.State.CUT);
        }
      }
    }
  }

  /** {@return the nodes that are neither stopped nor cut off from all others} */
  List<Long> serving(Fault fault, long leader) {
    List<Long> serving = new ArrayList<>(Torture.ALL);
    switch (fault.kind()) {
      case KILL_ALL -> serving.clear();
      case KILL_LEADER, PAUSE_LEADER, ISOLATE_LEADER -> serving.remove(leader);
      case KILL_FOLLOWER, PAUSE_FOLLOWER -> serving.remove(follower(fault, leader));
      case CHAIN, DROP_FROM_LEADER, DROP_TO_LEADER, SLOW_LINK, STALLED_LINK, RESET_LINK -> {}
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

  private void pause(Fault fault, long node) throws IOException, InterruptedException {
    ServerProcess process = cluster.process(node);
    if (process == null) {
      throw new IOException("node %d does not run".formatted(node));
    }
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

  private void disturb(Fault fault, Way way, LinkProxy.State state) throws InterruptedException {
    LinkProxy proxy = proxies.get(way);
    if (proxy == null) {
      throw new IllegalStateException("there is no proxy on " + way);
    }
    proxy.set(state);
    Thread.sleep(fault.duration());
    proxy.set(LinkProxy.State.OPEN);
  }

  @Override
  public void close() {
    cluster.close();
    closeProxies();
  }

  private void closeProxies() {
    proxies.values().forEach(LinkProxy::close);
  }
}
