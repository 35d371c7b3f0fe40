package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.NodePresence;
import io.khonsu.StoreConfig;
import io.khonsu.distributed.ClusterConfig;
import io.khonsu.distributed.DistributedCommitManager;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import io.khonsu.distributed.Transport;
import io.khonsu.spi.DamagedStorageException;
import java.io.IOException;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One machine with the real node on it: event loop, log, certification, store. It crashes, restarts
 * and pauses when told to.
 */
final class ClusterNode {
  /** Sends when the write that is under way has ended, for until then the loop stands still. */
  private final class Link implements Transport {
    private final int itsLife = life;

    @Override
    public void start(Receiver target) {
      receiver = target;
    }

    @Override
    public void send(long node, byte[] frame) {
      long wait = disk.busyUntil() - world.scheduler().now();
      world.scheduler().after(wait, () -> depart(node, frame));
    }

    @Override
    public boolean isCut(long node) {
      return world.isKnownToBeCut(id, (int) node);
    }

    @Override
    public boolean isPeer(long node) {
      return peers.contains((int) node);
    }

    private void depart(long node, byte[] frame) {
      if (itsLife == life && peers.contains((int) node)) {
        world.send(ClusterNode.this, (int) node, frame);
      }
    }

    @Override
    public void setPeer(long node, String address) {
      peers.add((int) node);
    }

    @Override
    public void removePeer(long node) {
      peers.remove((int) node);
    }

    @Override
    public void close() {}
  }

  private static final StoreConfig STORE =
      StoreConfig.builder().compactionRowsPerSecond(0).memoryLimitBytes(1L << 30).build();

  private final ClusterWorld world;
  private final int id;
  private ClusterConfig config;
  private final SimulatedStore disk;

  /** Whom its network lets in, and who is called. */
  private final Set<Integer> peers = new TreeSet<>();

  private final long tickPeriod;
  private final long clockOffsetMillis;
  private @Nullable DistributedCommitManager manager;
  private Transport.@Nullable Receiver receiver;
  private int life;
  private boolean isPaused;
  private boolean isScheduled;
  private boolean hasFailed;

  /** Whether a disk that is empty is that of one who joins. */
  private boolean joins;

  private boolean isRetired;

  ClusterNode(
      ClusterWorld world,
      ClusterConfig config,
      SimulatedStore disk,
      long tickPeriod,
      long clockOffsetMillis) {
    this.world = world;
    this.id = (int) config.member().node();
    this.config = config;
    this.disk = disk;
    this.tickPeriod = tickPeriod;
    this.clockOffsetMillis = clockOffsetMillis;
  }

  int id() {
    return id;
  }

  /** {@return how the others reach it} */
  String address() {
    return "node-" + id;
  }

  /** {@return whether its network lets another one in} */
  boolean knows(int other) {
    return peers.contains(other);
  }

  /** {@return whether it knows that it takes no part} */
  boolean isOutside() {
    DistributedCommitManager current = manager;
    return isRetired
        || (current != null
            && !hasFailed
            && current.status().membership().standing() != Standing.MEMBER);
  }

  int life() {
    return life;
  }

  SimulatedStore disk() {
    return disk;
  }

  /** {@return the node, if it is up and takes part} */
  @Nullable DistributedCommitManager responsive() {
    return isPaused || hasFailed ? null : manager;
  }

  /**
   * {@return whether it is in the middle of a write} Its turn ends at once here, with a write that
   * takes time. What it has done in that turn can be seen when the write has ended, not before: a
   * crash may undo it.
   */
  boolean isWriting() {
    return disk.busyUntil() > world.scheduler().now();
  }

  boolean isUp() {
    return manager != null;
  }

  boolean hasFailed() {
    return hasFailed;
  }

  ClusterConfig config() {
    return config;
  }

  /** From here on it joins, if it has an empty disk. */
  void joins(ClusterConfig newConfig) {
    config = newConfig;
    joins = true;
  }

  /** Ends it for good: it has left the cluster. */
  void retire() {
    crash();
    isRetired = true;
  }

  boolean isRetired() {
    return isRetired;
  }

  /** Crashes, and has an empty disk then. */
  void loseDisk() {
    crash();
    disk.clear();
  }

  void start() {
    life++;
    hasFailed = false;
    peers.clear();
    config.addresses().keySet().forEach(peer -> peers.add(peer.intValue()));
    world.started(this);
    try {
      // A first start that a crash undid before anything was on the medium is a first start again.
      NodePresence presence =
          disk.isEmpty() ? joins ? NodePresence.JOINING : NodePresence.NEW : NodePresence.EXISTING;
      manager =
          DistributedCommitManager.open(
              config,
              presence,
              new Surroundings(
                  STORE,
                  disk,
                  new Link(),
                  null,
                  () -> Instant.ofEpochMilli(epochMillis()),
                  world.defects()));
      manager.start(nanos(), epochMillis());
      world.applied(this);
      world.probe().look(id, manager.history());
    } catch (IOException e) {
      fail(e);
    }
    int itsLife = life;
    world.scheduler().after(tickPeriod, () -> tick(itsLife));
  }

  private void tick(int itsLife) {
    if (itsLife == life && manager != null) {
      world.scheduler().after(tickPeriod, () -> tick(itsLife));
      wake();
    }
  }

  /** Loses what is in memory, and of what is not forced yet, what chance wants. */
  void crash() {
    life++;
    isPaused = false;
    isScheduled = false;
    DistributedCommitManager ended = manager;
    manager = null;
    receiver = null;
    disk.crash();
    if (ended != null) {
      ended.close();
    }
  }

  void pause() {
    isPaused = true;
  }

  void resume() {
    isPaused = false;
    wake();
  }

  void receive(int from, byte[] frame) {
    Transport.Receiver target = receiver;
    if (target != null && target.receive(from, frame)) {
      target.received();
      wake();
    }
  }

  /** Lets the loop turn as soon as it is free. */
  void wake() {
    if (!isScheduled) {
      isScheduled = true;
      int itsLife = life;
      world
          .scheduler()
          .after(
              disk.busyUntil() - world.scheduler().now(),
              () -> {
                if (itsLife == life) {
                  isScheduled = false;
                  turn();
                }
              });
    }
  }

  private void turn() {
    DistributedCommitManager current = manager;
    if (current == null || isPaused || hasFailed) {
      return;
    }
    try {
      if (current.cycle(nanos(), epochMillis())) {
        wake();
      }
      world.applied(this);
      if (disk.busyUntil() == world.scheduler().now()) { // else a crash may undo what it has shown
        world.probe().turn(id, current.history());
      }
    } catch (IOException e) {
      fail(e);
    }
  }

  private void fail(IOException cause) {
    if (cause instanceof DamagedStorageException) {
      throw violation(
          "a disk is as it was written", "node", id, String.valueOf(cause.getMessage()));
    }
    world.trace().add(cause.getClass().getSimpleName());
    hasFailed = true;
  }

  private long nanos() {
    return world.scheduler().now() * ClusterWorld.NANOS_PER_UNIT;
  }

  private long epochMillis() {
    return ClusterWorld.EPOCH_MILLIS
        + world.scheduler().now() * ClusterWorld.NANOS_PER_UNIT / 1_000_000
        + clockOffsetMillis;
  }

  /** {@return the node's state in one line} */
  String describe() {
    DistributedCommitManager current = manager;
    String state = current == null ? "down" : hasFailed ? "failed" : current.status().toString();
    return "node " + id + " " + state + (isPaused ? " paused" : "") + (hasFailed ? " failed" : "");
  }
}
