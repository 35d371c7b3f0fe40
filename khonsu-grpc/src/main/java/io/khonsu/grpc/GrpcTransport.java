package io.khonsu.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.khonsu.distributed.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries frames between nodes on gRPC, as the package describes. Peers may come, move and go while
 * it runs. Thread-safe.
 *
 * <p>Limits: a frame that is larger than {@code frameBytesMax}, one for a peer without a session,
 * and one that would make more than {@code queueBytesMax} wait for a peer are dropped. A session
 * that cannot be opened, or is soon lost, is tried again after 20 ms, then up to twice as long each
 * time, up to 1 s, or as soon as the peer calls. A connection that answers nothing is given up
 * within 15 s. Who connects and says no hello is hung up on after 5 s, or earlier if there are more
 * than 256, or 64 of one address.
 */
public final class GrpcTransport implements Transport {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

  private final PeerSettings settings;
  private final Handshake handshake;
  private final Wiring wiring;
  private final IncomingSessions incoming;
  private final Server server;
  private final Supplier<RandomGenerator> randoms;

  /** Who may call, which the network's threads read. */
  private final Map<Long, PeerAddress> peers;

  private final Map<Long, OutgoingLink> links = new ConcurrentHashMap<>();

  /** Held while peers change, and to start and close. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private @Nullable Receiver receiver;

  @GuardedBy("lock")
  private boolean isClosed;

  private GrpcTransport(PeerSettings settings, Wiring wiring, Supplier<RandomGenerator> randoms)
      throws IOException {
    this.settings = settings;
    this.randoms = randoms;
    this.wiring = wiring;
    this.peers = new ConcurrentHashMap<>();
    this.handshake =
        new Handshake(
            settings.clusterId(),
            settings.self(),
            settings.limits().frameBytesMax(),
            wiring.isSecure());
    ConnectionGate gate = new ConnectionGate(ConnectionGate.Limits.USUAL, wiring);
    this.incoming = new IncomingSessions(handshake, peers, wiring, gate);
    settings.peers().forEach(this::setPeer);
    this.server =
        wiring.listen(
            settings.listen(),
            ClientAuth.REQUIRE,
            settings.limits().frameBytesMax(),
            incoming.service(),
            gate);
  }

  /**
   * Listens, and lets nobody in until {@link #start}.
   *
   * @throws InsecureListenerException if other machines would reach it without TLS
   * @throws InsecurePeerException if it would call one without TLS
   * @throws UnusableCertificateException if its own certificate cannot be used
   * @throws IOException if the address is unknown or in use
   */
  public static GrpcTransport open(PeerSettings settings) throws IOException {
    return open(settings, SplittableRandom::new);
  }

  /**
   * As above.
   *
   * @param randoms gives each link what decides how long it waits before it calls again
   */
  static GrpcTransport open(PeerSettings settings, Supplier<RandomGenerator> randoms)
      throws IOException {
    long node = settings.self().node();
    Wiring wiring =
        new Wiring(
            "khonsu-peer-" + node,
            new Wiring.Security(
                settings.tls(),
                TlsFiles.nodeUri(settings.clusterId(), node),
                settings.plainText()));
    try {
      GrpcTransport transport = new GrpcTransport(settings, wiring, randoms);
      LOG.atInfo()
          .addKeyValue("address", transport.address())
          .addKeyValue("tls", wiring.isSecure())
          .log("listens for nodes");
      return transport;
    } catch (IOException | RuntimeException e) {
      wiring.close();
      throw e;
    }
  }

  /** {@return where it listens, with the port that it has taken} */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getListenSockets().getFirst();
  }

  @Override
  public void start(Receiver target) {
    lock.lock();
    try {
      if (receiver != null || isClosed) {
        throw new IllegalStateException("the transport was started before, or closed");
      }
      receiver = target;
      incoming.start(new Called(target));
      peers.values().forEach(peer -> open(peer, target));
    } finally {
      lock.unlock();
    }
  }

  /** Passes on what comes from peers, and lets those be called who call. */
  private final class Called implements Receiver {
    private final Receiver target;

    private Called(Receiver target) {
      this.target = target;
    }

    @Override
    public boolean receive(long node, byte[] frame) {
      return target.receive(node, frame);
    }

    @Override
    public void received() {
      target.received();
    }

    @Override
    public void reconnected(long node) {
      OutgoingLink link = links.get(node);
      if (link != null) {
        link.reached();
      }
      target.reconnected(node);
    }
  }

  private void open(PeerAddress peer, Receiver target) {
    OutgoingLink link =
        new OutgoingLink(peer, handshake, settings.limits(), wiring, target, randoms.get());
    links.put(peer.node(), link);
    link.connect();
  }

  /**
   * Makes a peer known, or known under another address or storage. Nothing happens if it is known
   * like this, or is this node itself.
   *
   * @throws InsecurePeerException if it is on another machine, and would be called without TLS; a
   *     host that is a name is looked up later, and then the link says so
   */
  public void setPeer(PeerAddress peer) {
    if (peer.node() != settings.self().node() && wiring.isForbidden(peer.host())) {
      throw new InsecurePeerException(peer);
    }
    lock.lock();
    try {
      if (peer.node() == settings.self().node() || isClosed) {
        return;
      }
      if (peer.equals(peers.get(peer.node()))) {
        return;
      }
      removePeer(peer.node());
      peers.put(peer.node(), peer);
      if (receiver != null) {
        open(peer, receiver);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isPeer(long node) {
    return peers.containsKey(node);
  }

  /**
   * Makes a peer known by {@code HOST:PORT}.
   *
   * @throws IllegalArgumentException if the address is not like that
   */
  @Override
  public void setPeer(long node, String address) {
    setPeer(PeerAddress.parse(node, address));
  }

  /** Forgets a peer: nothing is sent to it, and it is not let in any more. */
  @Override
  public void removePeer(long node) {
    lock.lock();
    try {
      peers.remove(node);
      incoming.remove(node);
      OutgoingLink link = links.remove(node);
      if (link != null) {
        link.close();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void send(long node, byte[] frame) {
    OutgoingLink link = links.get(node);
    if (link != null) {
      link.send(frame);
    }
  }

  /** {@return whether there is no session to a node: it is no peer, is down, or the link is cut} */
  @Override
  public boolean isCut(long node) {
    OutgoingLink link = links.get(node);
    return link == null || !link.isOpen();
  }

  /**
   * Makes the way to a peer fail, for demonstrations and tests. It is one direction: the other one
   * is the peer's.
   *
   * @throws IllegalArgumentException if there is no such peer
   */
  public void setFault(long node, LinkFault fault) {
    OutgoingLink link = links.get(node);
    if (link == null) {
      throw new IllegalArgumentException("node " + node + " is not among " + peers.values());
    }
    link.setFault(fault);
  }

  /** {@return how the ways to the others are, by node} */
  public List<LinkStatus> links() {
    return links.values().stream()
        .map(OutgoingLink::status)
        .sorted(Comparator.comparingLong(status -> status.peer().node()))
        .toList();
  }

  /** {@return how often somebody who called was not let in, by reason} */
  public Map<Refusal, Long> refusals() {
    return incoming.refusals();
  }

  /** Looks for new certificates, as happens every minute. */
  void readCertificatesAgain() {
    wiring.readCertificatesAgain();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (isClosed) {
        return;
      }
      isClosed = true;
      incoming.stop();
      List<ManagedChannel> channels =
          links.values().stream().map(OutgoingLink::close).flatMap(Optional::stream).toList();
      links.clear();
      channels.forEach(channel -> Closing.await(channel::awaitTermination));
      Closing.await(server.shutdownNow()::awaitTermination);
      wiring.close();
    } finally {
      lock.unlock();
    }
  }
}
