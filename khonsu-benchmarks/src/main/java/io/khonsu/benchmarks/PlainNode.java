package io.khonsu.benchmarks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.distributed.Transport;
import io.khonsu.grpc.GrpcTransport;
import io.khonsu.grpc.LinkStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a cluster. Node 1 leads, always: it sends what has gathered to all others and
 * appends it to a plain log; the others append it and say so; it is committed when enough have it.
 * Nobody elects, recovers, validates or keeps anything. Without a log it is the network's limit,
 * without others the disk's.
 */
final class PlainNode implements CommitPath, Transport.Receiver {
  private static final int GROUP_MAX = 4096;
  private static final int GROUP_BYTES_MAX = 1 << 20;

  /**
   * What waits for this node's log.
   *
   * @param committed null where the node does not lead
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  private record Item(byte[] value, @Nullable CompletableFuture<Boolean> committed) {}

  private record Group(long number, List<Item> items) {}

  private final ClusterSite site;
  private final int copiesNeeded;
  private final @Nullable PlainLog log;
  private final @Nullable GrpcTransport transport;
  private final LinkedBlockingQueue<Item> queue = new LinkedBlockingQueue<>();

  @GuardedBy("this")
  private final ArrayDeque<Group> underWay = new ArrayDeque<>();

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
    this.transport = site.size() == 1 ? null : KhonsuNode.transport(site);
    if (transport != null) {
      transport.start(this);
    }
    Thread.ofPlatform().name("plain-node").daemon().start(this::loop);
  }

  /** Nobody leads before all can be reached: what is lost is not sent again. */
  @Override
  public int leader() {
    return transport == null || transport.links().stream().allMatch(LinkStatus::isConnected)
        ? 1
        : 0;
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    CompletableFuture<Boolean> committed = new CompletableFuture<>();
    queue.add(new Item(value, committed));
    var _ = committed.get();
  }

  @Override
  public byte @Nullable [] read(int item) {
    return null;
  }

  private void loop() {
    try (DurableContender.Session session = log == null ? null : log.open()) {
      for (long number = 1; ; number++) {
        Group group = new Group(number, take());
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

  /** {@return what has gathered, up to a number of bytes; waits for the first} */
  private List<Item> take() throws InterruptedException {
    List<Item> items = new ArrayList<>();
    Item next = queue.take();
    for (int bytes = 0; next != null; ) {
      items.add(next);
      bytes += next.value.length;
      next = bytes < GROUP_BYTES_MAX && items.size() < GROUP_MAX ? queue.poll() : null;
    }
    return items;
  }

  private void lead(Group group, DurableContender.@Nullable Session session) throws Exception {
    synchronized (this) {
      underWay.add(group);
    }
    byte[] frame =
        joined(ByteBuffer.allocate(Long.BYTES).putLong(group.number).array(), group.items);
    for (int node = 2; node <= site.size(); node++) {
      transport().send(node, frame);
    }
    if (session != null) {
      session.commit(0, frame);
      complete(1, group.number);
    }
  }

  private void follow(Group group, DurableContender.@Nullable Session session) throws Exception {
    if (session != null) {
      session.commit(0, joined(new byte[0], group.items));
    }
    byte[] last = group.items.getLast().value;
    transport().send(1, ByteBuffer.allocate(Long.BYTES).put(last, 0, Long.BYTES).array());
  }

  private static byte[] joined(byte[] head, List<Item> items) {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.writeBytes(head);
    items.forEach(item -> frame.writeBytes(item.value));
    return frame.toByteArray();
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
    if (site.node() == 1) {
      complete((int) node, ByteBuffer.wrap(frame).getLong());
    } else {
      queue.add(new Item(frame, null));
    }
    return true;
  }

  private synchronized void complete(int node, long number) {
    copied[node - 1] = number;
    while (!underWay.isEmpty() && copies(underWay.getFirst().number) >= copiesNeeded) {
      for (Item item : underWay.removeFirst().items) {
        CompletableFuture<Boolean> committed = item.committed;
        if (committed != null) {
          committed.complete(true);
        }
      }
    }
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
  public void reconnected(long node) {
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
