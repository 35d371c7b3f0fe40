package io.khonsu.benchmarks;

import io.khonsu.NodePresence;
import io.khonsu.StoreConfig;
import io.khonsu.distributed.Cluster;
import io.khonsu.distributed.ClusterConfig;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.grpc.ClientListener;
import io.khonsu.grpc.ClientSettings;
import io.khonsu.grpc.GrpcTransport;
import io.khonsu.grpc.PeerAddress;
import io.khonsu.grpc.PeerSettings;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A node of Khonsu with default settings, whose program commits in it by the public API, as clients
 * do.
 */
final class KhonsuNode implements CommitPath {
  private static final long CLUSTER = 42;

  private final ClusterMember member;
  private final ClientListener clients;

  private volatile @Nullable KhonsuDurable table;

  KhonsuNode(ClusterSite site) throws IOException {
    this(site, UnaryOperator.identity());
  }

  /**
   * Starts a node with other settings.
   *
   * @param settings takes the default ones
   */
  KhonsuNode(ClusterSite site, UnaryOperator<ClusterConfig> settings) throws IOException {
    long[] nodes = LongStream.rangeClosed(1, site.size()).toArray();
    ClusterConfig config = settings.apply(ClusterConfig.of(CLUSTER, site.node(), nodes));
    NodePresence presence = site.isNew() ? NodePresence.NEW : NodePresence.EXISTING;
    KeyValueStore disk = Cluster.disk(site.directory().resolve("data"), config, presence);
    GrpcTransport transport = transport(site, site.node(), site.size());
    member =
        Cluster.join(
            config,
            presence,
            new Surroundings(
                store(config), disk, transport, null, InstantSource.system(), Set.of()));
    try {
      clients =
          ClientListener.open(
              ClientSettings.of(CLUSTER, site.listen(door(site, site.node()))),
              member.clientDoor());
    } catch (IOException | RuntimeException e) {
      member.close();
      throw e;
    }
  }

  /** {@return what {@code khonsu server} sets for clients} */
  private static StoreConfig store(ClusterConfig config) {
    return StoreConfig.builder()
        .retention(config.times().snapshotAge())
        .retentionBytes(config.limits().historyBytesMax())
        .build();
  }

  /** {@return which of the ports is that where a node listens for clients} */
  static int door(ClusterSite site, int node) {
    return site.size() + node;
  }

  /**
   * {@return the network of a process of a cluster}
   *
   * @param self its number, by which it has one of the ports
   * @param others it knows the processes from 1 to this
   */
  static GrpcTransport transport(ClusterSite site, int self, int others) throws IOException {
    List<PeerAddress> peers =
        IntStream.rangeClosed(1, others)
            .mapToObj(node -> PeerAddress.of(node, "127.0.0.1", site.port(node)))
            .toList();
    return GrpcTransport.open(PeerSettings.of(CLUSTER, self, site.listen(self)).with(peers));
  }

  @Override
  public int leader() {
    return (int) member.status().leader();
  }

  /** {@return whether it leads now} It tries to. */
  boolean lead() {
    return member.lead();
  }

  private KhonsuDurable table() {
    KhonsuDurable found = table;
    return found == null ? find() : found;
  }

  /** Finds or makes the table, at the first commit: a node that starts knows no leader yet. */
  private synchronized KhonsuDurable find() {
    KhonsuDurable found = table;
    if (found == null) {
      found = new KhonsuDurable(member.store());
      table = found;
    }
    return found;
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    table().open().commit(item, value);
  }

  @Override
  public byte[] read(int item) {
    return CommitPath.present(item, table().read(item));
  }

  @Override
  public void close() {
    clients.close();
    member.close();
  }
}
