package io.khonsu.distributed;

import io.khonsu.StoreConfig;
import io.khonsu.distributed.DistributedCommitManager.Presence;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
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

/** Some nodes of a cluster in one process, each with a disk in memory that outlives it. */
final class Nodes implements AutoCloseable {
  private final LocalNetwork network = new LocalNetwork();
  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();
  private final Map<Long, ClusterMember> members = new TreeMap<>();
  private final StoreConfig store;
  private final long[] ids;

  Nodes(int count) throws IOException {
    this(count, StoreConfig.builder().compactionRowsPerSecond(0).build());
  }

  Nodes(int count, StoreConfig store) throws IOException {
    this.store = store;
    ids = LongStream.rangeClosed(1, count).toArray();
    for (long id : ids) {
      start(id, Presence.NEW);
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
    return ClusterConfig.of(5, id, ids)
        .with(
            new ClusterConfig.Times(
                Duration.ofMillis(10),
                Duration.ofSeconds(20),
                Duration.ofMillis(200),
                Duration.ofMillis(200),
                Duration.ofSeconds(30),
                Duration.ofMinutes(10)));
  }

  KeyValueStore disk(long id, Presence presence) throws IOException {
    KeyValueEngine.Presence there =
        presence == Presence.NEW ? KeyValueEngine.Presence.NEW : KeyValueEngine.Presence.EXISTING;
    return engine.open(
        Path.of("node-" + id),
        new KeyValueEngine.Options(
            KeyValueEngine.Use.LOG, there, DistributedCommitManager.spaces()));
  }

  void start(long id, Presence presence) throws IOException {
    Surroundings around =
        new Surroundings(
            store, disk(id, presence), network.of(id), null, InstantSource.system(), Set.of());
    members.put(id, Cluster.join(config(id), presence, around));
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
