package io.khonsu.grpc;

import io.khonsu.NodePresence;
import io.khonsu.StoreConfig;
import io.khonsu.distributed.Cluster;
import io.khonsu.distributed.ClusterConfig;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.distributed.DistributedCommitManager;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.spi.ClientService;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueEngine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** Nodes in this process that listen for clients, each with a disk in memory that outlives it. */
public final class ClientCluster implements AutoCloseable {
  private final InMemoryKeyValueEngine disks = new InMemoryKeyValueEngine();
  private final long clusterId;
  private final BufferAllocator allocator;
  private final long memoryLimitBytes;
  private final long[] ids;
  private final Map<Long, InetSocketAddress> peers = new TreeMap<>();
  private final Map<Long, InetSocketAddress> doors = new TreeMap<>();
  private final Map<Long, ClusterMember> members = new TreeMap<>();
  private final Map<Long, ClientListener> listeners = new TreeMap<>();
  private UnaryOperator<ClientSettings> settings = UnaryOperator.identity();
  private @Nullable UnaryOperator<UnaryOperator<byte[]>> guard;

  public ClientCluster(int count, BufferAllocator allocator) throws IOException {
    this(count, allocator, 5);
  }

  public ClientCluster(int count, BufferAllocator allocator, long clusterId) throws IOException {
    this(count, allocator, clusterId, StoreConfig.defaults().memoryLimitBytes());
  }

  public ClientCluster(int count, BufferAllocator allocator, long clusterId, long memoryLimitBytes)
      throws IOException {
    this.clusterId = clusterId;
    this.allocator = allocator;
    this.memoryLimitBytes = memoryLimitBytes;
    this.ids = LongStream.rangeClosed(1, count).toArray();
    for (long id : ids) {
      peers.put(id, FreePorts.next());
      doors.put(id, FreePorts.next());
    }
    for (long id : ids) {
      start(id, NodePresence.NEW);
    }
  }

  private static <T> T known(@Nullable T found) {
    return Objects.requireNonNull(found, "there is no such node, or it does not run");
  }

  /** {@return what to connect to it by} */
  public String address() {
    return doors.values().stream()
        .map(door -> door.getHostString() + ":" + door.getPort())
        .collect(Collectors.joining(",", "khonsu://", ""));
  }

  public InetSocketAddress door(long id) {
    return known(doors.get(id));
  }

  public ClusterMember member(long id) {
    return known(members.get(id));
  }

  public ClientListener listener(long id) {
    return known(listeners.get(id));
  }

  /** Starts a node that does not run. */
  public void restart(long id) throws IOException {
    start(id, NodePresence.EXISTING);
  }

  /** Lets a node listen with other settings from now on. */
  public void listen(long id, UnaryOperator<ClientSettings> change) throws IOException {
    settings = change;
    known(listeners.get(id)).close();
    open(id);
  }

  /** Puts something before the door of each node. */
  public void guard(UnaryOperator<UnaryOperator<byte[]>> before) throws IOException {
    guard = before;
    for (long id : ids) {
      known(listeners.get(id)).close();
      open(id);
    }
  }

  private void open(long id) throws IOException {
    ClientSettings usual = ClientSettings.of(clusterId, known(doors.get(id)));
    ClientService door = known(members.get(id)).clientDoor();
    var guarding = guard;
    ClientService entrance = guarding == null ? door : guarding.apply(door::answer)::apply;
    listeners.put(id, ClientListener.open(settings.apply(usual), entrance));
  }

  private void start(long id, NodePresence presence) throws IOException {
    GrpcTransport transport =
        GrpcTransport.open(
            PeerSettings.of(clusterId, id, known(peers.get(id)))
                .with(
                    peers.entrySet().stream()
                        .map(each ->
                            PeerAddress.of(
                                each.getKey(),
                                each.getValue().getHostString(),
                                each.getValue().getPort()))
                        .toList()));
    Surroundings around =
        new Surroundings(
            StoreConfig.builder()
                .compactionRowsPerSecond(0)
                .memoryLimitBytes(memoryLimitBytes)
                .retention(Duration.ofSeconds(60))
                .build(),
            disks.open(
                Path.of("node-" + id),
                new KeyValueEngine.Options(
                    KeyValueEngine.Use.LOG,
                    KeyValueEngine.Presence.valueOf(presence.name()),
                    DistributedCommitManager.spaces())),
            transport,
            allocator,
            InstantSource.system(),
            Set.of());
    ClusterConfig config =
        ClusterConfig.of(clusterId, id, ids)
            .with(
                new ClusterConfig.Times(
                    Duration.ofMillis(20),
                    Duration.ofSeconds(10),
                    Duration.ofMillis(200),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(10)));
    members.put(id, Cluster.join(config, presence, around));
    open(id);
  }

  /** Stops a node, as the program does. */
  public void stop(long id) {
    known(listeners.remove(id)).close();
    known(members.remove(id)).close();
  }

  @Override
  public void close() {
    listeners.values().forEach(ClientListener::close);
    members.values().forEach(ClusterMember::close);
  }
}
