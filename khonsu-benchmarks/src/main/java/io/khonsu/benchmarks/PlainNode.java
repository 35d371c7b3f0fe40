package io.khonsu.benchmarks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.distributed.Transport;
import io.khonsu.grpc.GrpcTransport;
import java.io.IOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a cluster. Node 1 leads, always: it sends what has gathered to all others and
 * appends it to a plain log; the others append it and say so; it is committed when enough have it.
 * Nobody elects, recovers, validates or keeps anything. Without a log it is the network's limit,
 * without others the disk's.
 */
final class PlainNode implements CommitPath, Transport.Receiver {
  private final ClusterSite site;
  private final int copiesNeeded;
  private final @Nullable PlainLog log;
  private final @Nullable GrpcTransport transport;
  private final PlainQueue queue = new PlainQueue();

  @GuardedBy("this")
  private final ArrayDeque<PlainQueue.Group> underWay = new ArrayDeque<>();

  /** Up to which group each node has all; that of this node first. */
  @GuardedBy("this")
  private final long[] copied;

  /**
   * Starts a node.
   *
   * @param copiesNeeded how many nodes must have something before it is committed
   * @param log of this node, or null if nodes keep nothing
   */
  PlainNode(ClusterSite site, int copiesNeeded, @Nullable PlainLog log) throws IOException {
    this.site = site;
    this.copiesNeeded = copiesNeeded;
    this.log = log;
    this.copied = new long[site.size()];
    this.transport = site.size() == 1 ? null : openTransport(site);
    if (transport != null) {
      transport.start(this);
    }
    Thread.ofPlatform().name("plain-node").daemon().start(this::loop);
  }

  /** Node 1 knows the client as well, if there may be one. */
  private static GrpcTransport openTransport(ClusterSite site) throws IOException {
    int others = site.node() == 1 ? site.ports().size() : site.size();
    return KhonsuNode.transport(site, site.node(), others);
  }

  /** Nobody leads before all nodes can be reached: what is lost is not sent again. */
  @Override
  public int leader() {
    return transport == null
            || transport.links().stream()
                .allMatch(link -> link.isConnected() || isClient(link.peer().node()))
        ? 1
        : 0;
  }

  private boolean isClient(long node) {
    return node > site.size();
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    queue.commit(value);
  }

  @Override
  public byte @Nullable [] read(int item) {
    return null;
  }

  private void loop() {
    try (DurableContender.Session session = log == null ? null : log.open()) {
      for (long number = 1; ; number++) {
        PlainQueue.Group group = new PlainQueue.Group(number, queue.take());
        if (site.node() == 1) {
          lead(group, session);
        } else {
          follow(group, session);
        }
      }
    } catch (Exception e) {
      throw new IllegalStateException("a plain node failed", e);
    }
  }

  private void lead(PlainQueue.Group group, DurableContender.@Nullable Session session)
      throws Exception {
    synchronized (this) {
      underWay.add(group);
    }
    byte[] frame = group.frame();
    for (int node = 2; node <= site.size(); node++) {
      transport().send(node, frame);
    }
    if (session != null) {
      session.commit(0, frame);
      complete(1, group.number());
    }
  }

  private void follow(PlainQueue.Group group, DurableContender.@Nullable Session session)
      throws Exception {
    if (session != null) {
      session.commit(0, PlainQueue.joined(new byte[0], group.items()));
    }
    long last = PlainQueue.numberOf(group.items().getLast().value());
    transport().send(1, PlainQueue.numbered(last));
  }

  private GrpcTransport transport() {
    GrpcTransport there = transport;
    if (there == null) {
      throw new IllegalStateException("a single node has no network");
    }
    return there;
  }

  @Override
  public boolean receive(long node, byte[] frame) {
    if (site.node() == 1 && !isClient(node)) {
      complete((int) node, PlainQueue.numberOf(frame));
    } else {
      queue.add(frame);
    }
    return true;
  }

  private void complete(int node, long number) {
    long answered = copied(node, number);
    if (answered > 0) {
      transport().send(PlainClient.number(site), PlainQueue.numbered(answered));
    }
  }

  /**
   * Notes that a node has all up to a group, and lets go who waited for that.
   *
   * @return the number of the client's last frame that is committed by that, or 0
   */
  private synchronized long copied(int node, long number) {
    long answered = 0;
    copied[node - 1] = number;
    while (!underWay.isEmpty() && copies(underWay.getFirst().number()) >= copiesNeeded) {
      for (PlainQueue.Item item : underWay.removeFirst().items()) {
        item.complete();
        answered = item.isOwn() ? answered : PlainQueue.numberOf(item.value());
      }
    }
    return answered;
  }

  @GuardedBy("this")
  private int copies(long number) {
    int copies = 0;
    for (long each : copied) {
      copies += each >= number ? 1 : 0;
    }
    return copies;
  }

  @Override
  public void received() {} // it was worked on when it came

  @Override
  public void reconnected(long node) {
    if (isClient(node)) {
      transport().send(node, PlainQueue.numbered(0)); // so that it knows that it can be answered
    }
    // Nobody is killed here, so that nothing is lost.
  }

  @Override
  public void close() throws IOException {
    if (transport != null) {
      transport.close();
    }
    if (log != null) {
      log.close();
    }
  }
}
