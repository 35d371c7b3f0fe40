package io.khonsu.benchmarks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.distributed.Transport;
import io.khonsu.grpc.GrpcTransport;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a client of a cluster: one stream to node 1 of the plain logs, which leads. It
 * sends what has gathered in one frame; node 1 takes that as an item of its own, and answers with
 * the number of the last frame that is committed, as all before it are.
 */
final class PlainClient implements CommitPath, Transport.Receiver {
  private static final int LEADER = 1;

  private static final int REACHED_SECONDS_MAX = 60;

  private final GrpcTransport transport;
  private final PlainQueue queue = new PlainQueue();

  @GuardedBy("this")
  private final ArrayDeque<PlainQueue.Group> underWay = new ArrayDeque<>();

  private final CompletableFuture<Boolean> isConnected = new CompletableFuture<>();
  private final CompletableFuture<Boolean> isHeard = new CompletableFuture<>();

  /**
   * Connects, and waits until node 1 has connected as well: what is lost is not sent again.
   *
   * @throws IllegalStateException if that takes too long
   */
  PlainClient(ClusterSite site) throws Exception {
    transport = KhonsuNode.transport(site, number(site), LEADER);
    transport.start(this);
    try {
      var _ =
          CompletableFuture.allOf(isConnected, isHeard).get(REACHED_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      transport.close();
      throw new IllegalStateException(
          "node 1 of the plain logs and its client did not connect within %d s; is it running?"
              .formatted(REACHED_SECONDS_MAX),
          e);
    }
    Thread.ofPlatform().name("plain-client").daemon().start(this::loop);
  }

  /** {@return the number that a client has beside those of the nodes} */
  static int number(ClusterSite site) {
    return site.size() + 1;
  }

  @Override
  public int leader() {
    return transport.isCut(LEADER) ? 0 : LEADER;
  }

  @Override
  public void commit(int item, byte[] value) throws InterruptedException, ExecutionException {
    queue.commit(value);
  }

  @Override
  public byte @Nullable [] read(int item) {
    return null;
  }

  private void loop() {
    try {
      for (long number = 1; ; number++) {
        PlainQueue.Group group = new PlainQueue.Group(number, queue.take());
        synchronized (this) {
          underWay.add(group);
        }
        transport.send(LEADER, group.frame());
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("a plain client failed", e);
    }
  }

  @Override
  public boolean receive(long node, byte[] frame) {
    isHeard.complete(true);
    complete(PlainQueue.numberOf(frame));
    return true;
  }

  private synchronized void complete(long number) {
    while (!underWay.isEmpty() && underWay.getFirst().number() <= number) {
      underWay.removeFirst().items().forEach(PlainQueue.Item::complete);
    }
  }

  @Override
  public void received() {} // it was worked on when it came

  @Override
  public void reconnected(long node) {
    isConnected.complete(true);
  }

  @Override
  public void close() {
    transport.close();
  }
}
