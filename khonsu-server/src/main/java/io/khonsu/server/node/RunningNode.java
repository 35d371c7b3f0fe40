package io.khonsu.server.node;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.distributed.Cluster;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.grpc.ClientListener;
import io.khonsu.grpc.GrpcTransport;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.NodeStarter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A node that runs in this process, with its network and its page. Thread-safe; close it. */
public final class RunningNode implements NodeStarter.Node {
  private final NodeConfig config;
  private final GrpcTransport transport;
  private final ClusterMember member;
  private final AdminServer admin;
  private final @Nullable ClientListener clients;
  private final @Nullable NodeArchive archive;
  private boolean isClosed;

  /** Whether others may break the node's links and set its clock, to try what happens. */
  public enum Faults {
    /** They may not. */
    REFUSED,
    /** They may, by its pages. */
    ALLOWED
  }

  private RunningNode(
      NodeConfig config,
      GrpcTransport transport,
      ClusterMember member,
      AdminServer admin,
      @Nullable ClientListener clients,
      @Nullable NodeArchive archive) {
    this.config = config;
    this.transport = transport;
    this.member = member;
    this.admin = admin;
    this.clients = clients;
    this.archive = archive;
  }

  /**
   * Starts a node: opens its disk, listens for the others, and joins them.
   *
   * @param presence whether it was there before
   * @throws io.khonsu.spi.StorageRefusedException if its disk is missing, another node's, cut
   *     short, in use, or there already and must not be
   * @throws io.khonsu.grpc.InsecureListenerException if it would listen for other machines without
   *     TLS
   * @throws io.khonsu.grpc.InsecurePeerException if it would call another machine without TLS
   * @throws io.khonsu.grpc.UnusableCertificateException if the others would refuse its certificate
   * @throws java.net.BindException if one of its ports is taken
   * @throws IOException if disk or network cannot be used
   */
  public static RunningNode start(NodeConfig config, NodePresence presence, Faults faults)
      throws IOException {
    KeyValueStore disk = Cluster.disk(config.directory(), config.cluster(), presence);
    GrpcTransport transport;
    try {
      transport = GrpcTransport.open(config.peers());
    } catch (IOException | RuntimeException | Error e) {
      disk.close();
      throw e;
    }
    SteppedClock clock = new SteppedClock();
    Surroundings around = new Surroundings(config.store(), disk, transport, null, clock, Set.of());
    ClusterMember member = Cluster.join(config.cluster(), presence, around);
    ClientListener clients = null;
    NodeArchive archive = null;
    try {
      clients = listen(config, member);
      archive = archive(config, member);
      FaultPages faultPages = faults == Faults.ALLOWED ? new FaultPages(transport, clock) : null;
      AdminPages pages = new AdminPages(member, transport, archive, clock, faultPages);
      AdminServer admin = AdminServer.start(config.admin(), pages);
      return new RunningNode(config, transport, member, admin, clients, archive);
    } catch (IOException | RuntimeException | Error e) {
      try {
        end(clients, archive, member, null);
      } catch (RuntimeException other) {
        e.addSuppressed(other);
      }
      throw e;
    }
  }

  private static @Nullable ClientListener listen(NodeConfig config, ClusterMember member)
      throws IOException {
    return config.clients().isEmpty()
        ? null
        : ClientListener.open(config.clients().get(), member.clientDoor());
  }

  private static @Nullable NodeArchive archive(NodeConfig config, ClusterMember member)
      throws IOException {
    if (config.archive().isEmpty()) {
      member.history().release(); // it may have archived before
      return null;
    }
    return NodeArchive.start(config.archive().get(), member.history());
  }

  /**
   * Ends all of these, also if one of them fails to end. Clients come first, so that they hear of
   * it and go to another node; then the archive, which reads the node's disk; then the node, and
   * with it what requests of the page wait for.
   */
  private static void end(
      @Nullable ClientListener clients,
      @Nullable NodeArchive archive,
      ClusterMember member,
      @Nullable AdminServer admin) {
    try (admin;
        member;
        archive;
        clients) {
      if (admin != null) {
        admin.stopListening();
      }
    }
  }

  /** {@return the node itself} */
  public ClusterMember member() {
    return member;
  }

  /** {@return where it listens for the others} */
  public InetSocketAddress address() {
    return transport.address();
  }

  /** {@return where it listens for clients, if it does} */
  public Optional<InetSocketAddress> clients() {
    return Optional.ofNullable(clients).map(ClientListener::address);
  }

  /** {@return where it can be looked at} */
  public InetSocketAddress admin() {
    return admin.address();
  }

  @Override
  public String toString() {
    return "node %d of cluster %d"
        .formatted(config.peers().self().node(), config.peers().clusterId());
  }

  @Override
  public Khonsu store() {
    return member.store();
  }

  @Override
  public synchronized void close() {
    if (!isClosed) {
      isClosed = true;
      end(clients, archive, member, admin);
    }
  }
}
