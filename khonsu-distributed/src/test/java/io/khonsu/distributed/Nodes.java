package io.khonsu.distributed;

import io.khonsu.NodePresence;
import io.khonsu.StoreConfig;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;

/** Some nodes of a cluster in one process, each with a disk that outlives it. */
final class Nodes implements AutoCloseable {
  /** Where a node's disk comes from. */
  interface Disks {
    /** {@return the disk of a node} */
    KeyValueStore open(ClusterConfig config, NodePresence presence) throws IOException;
  }

  static final StoreConfig STORE = StoreConfig.builder().compactionRowsPerSecond(0).build();

  private final LocalNetwork network = new LocalNetwork();
  private final Disks disks;
  private final Map<Long, ClusterMember> members = new TreeMap<>();
  private final StoreConfig store;
  private final long[] ids;

  Nodes(int count) throws IOException {
    this(count, STORE);
  }

  /** Nodes with disks in memory. */
  Nodes(int count, StoreConfig store) throws IOException {
    this(count, store, inMemory());
  }

  Nodes(int count, StoreConfig store, Disks disks) throws IOException {
    this.store = store;
    this.disks = disks;
    ids = LongStream.rangeClosed(1, count).toArray();
    for (long id : ids) {
      start(id, NodePresence.NEW);
    }
  }

  LocalNetwork network() {
    return network;
  }

  ClusterMember member(long id) {
    ClusterMember member = members.get(id);
    if (member == null) {
      throw new IllegalArgumentException("node " + id + " is not up");
    }
    return member;
  }

  ClusterConfig config(long id) {
    return config(5, id, ids);
  }

  /** {@return the configuration of one that joins} */
  ClusterConfig joining(long id) {
    return config(
        5, id, LongStream.concat(LongStream.of(ids), LongStream.of(id)).distinct().toArray());
  }

  static ClusterConfig config(long clusterId, long id, long... nodes) {
    return ClusterConfig.of(clusterId, id, nodes)
        .with(
            new ClusterConfig.Times(
                Duration.ofMillis(10),
                Duration.ofSeconds(20),
                Duration.ofMillis(200),
                Duration.ofMillis(200),
                Duration.ofSeconds(30),
                Duration.ofMinutes(10)));
  }

  /** {@return a configuration that writes checkpoints often: who is absent needs a snapshot} */
  static ClusterConfig withSmallCheckpoints(ClusterConfig config) {
    ClusterConfig.Limits usual = ClusterConfig.Limits.defaults();
    return config.with(
        new ClusterConfig.Limits(
            usual.batchBytesMax(),
            usual.batchCountMax(),
            usual.batchesMax(),
            usual.pendingBytesMax(),
            2_000,
            usual.inboxBytesMax(),
            usual.historyBytesMax()));
  }

  static Disks inMemory() {
    return inMemory(new InMemoryKeyValueEngine());
  }

  static Disks inMemory(InMemoryKeyValueEngine engine) {
    return (config, presence) ->
        engine.open(
            Path.of("node-" + config.member()),
            new KeyValueEngine.Options(
                KeyValueEngine.Use.LOG,
                presence == NodePresence.EXISTING
                    ? KeyValueEngine.Presence.EXISTING
                    : KeyValueEngine.Presence.NEW,
                DistributedCommitManager.spaces()));
  }

  KeyValueStore disk(ClusterConfig config, NodePresence presence) throws IOException {
    return disks.open(config, presence);
  }

  void start(long id, NodePresence presence) throws IOException {
    start(config(id), presence, network.of(id));
  }

  /** Starts a node that waits to be added. */
  void join(long id) throws IOException {
    start(joining(id), NodePresence.JOINING, network.of(id));
  }

  void start(ClusterConfig config, NodePresence presence, Transport transport) throws IOException {
    start(config, presence, transport, Set.of());
  }

  /** Starts a new node whose store is not as the others'. */
  void startWith(StoreConfig itsStore, ClusterConfig config) throws IOException {
    Transport transport = network.of(config.member().node());
    start(config, NodePresence.NEW, transport, Set.of(), itsStore);
  }

  void start(ClusterConfig config, NodePresence presence, Transport transport, Set<Defect> defects)
      throws IOException {
    start(config, presence, transport, defects, store);
  }

  private void start(
      ClusterConfig config,
      NodePresence presence,
      Transport transport,
      Set<Defect> defects,
      StoreConfig itsStore)
      throws IOException {
    KeyValueStore disk = disks.open(config, presence);
    Surroundings around =
        new Surroundings(itsStore, disk, transport, null, InstantSource.system(), defects);
    members.put(config.member().node(), Cluster.join(config, presence, around));
  }

  void stop(long id) {
    member(id).close();
    members.remove(id);
  }

  @Override
  public void close() {
    members.values().forEach(ClusterMember::close);
  }
}
