package io.khonsu.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Bounds the connections of a port whose callers are strangers: who has no session, because the TLS
 * handshake or the hello is still to come, was refused, or the session has ended. Thread-safe.
 *
 * <p>A stranger is hung up on after a while. If there are too many, from one address or in all, the
 * one who has been a stranger for longest is hung up on at once: so who floods the port loses its
 * own connections first, and a node gets in if it says its hello while fewer others call than there
 * is room for. Connections with a session are not counted: nodes have one each.
 */
final class ConnectionGate {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionGate.class);

  /**
   * How many strangers there may be.
   *
   * @param count in all
   * @param countPerAddress of one remote address
   * @param age how long somebody may be a stranger, up to a quarter more
   */
  record Limits(int count, int countPerAddress, Duration age) {
    /** Room for a cluster whose nodes call all at once, also if they share one address. */
    static final Limits USUAL = new Limits(256, 64, Duration.ofSeconds(5));
  }

  /** What tells a connection from others that are open. */
  private record Ends(@Nullable SocketAddress remote, @Nullable SocketAddress local) {
    private @Nullable InetAddress address() {
      return remote instanceof InetSocketAddress inet ? inet.getAddress() : null;
    }
  }

  private static final class Connection {
    private final Channel channel;
    private int sessions;
    private long strangeSince = System.nanoTime();

    private Connection(Channel channel) {
      this.channel = channel;
    }
  }

  private final Limits limits;
  private final ReentrantLock lock = new ReentrantLock();

  /** In the order in which they became strangers. */
  @GuardedBy("lock")
  private final LinkedHashMap<Ends, Connection> strangers = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Map<Ends, Connection> letIn = new HashMap<>();

  @GuardedBy("lock")
  private long hangUps;

  /**
   * Nobody has called yet.
   *
   * @param wiring whose timer looks for those who have been strangers for too long
   */
  ConnectionGate(Limits limits, Wiring wiring) {
    this.limits = limits;
    wiring.repeat(limits.age.dividedBy(4), this::sweep);
  }

  /** {@return what a listening channel must begin with; one for each} */
  ChannelInboundHandlerAdapter handler() {
    return new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext context, Object accepted) {
        arrived((Channel) accepted);
        context.fireChannelRead(accepted);
      }
    };
  }

  private void arrived(Channel channel) {
    Ends ends = new Ends(channel.remoteAddress(), channel.localAddress());
    var _ = channel.closeFuture().addListener(_ -> gone(ends));
    lock.lock();
    try {
      strangers.put(ends, new Connection(channel));
      makeRoom(ends.address());
    } finally {
      lock.unlock();
    }
  }

  /** Hangs up on at most one stranger. */
  @GuardedBy("lock")
  private void makeRoom(@Nullable InetAddress address) {
    int ofAddress = 0;
    Ends longestOfAddress = null;
    for (Ends each : strangers.keySet()) {
      if (address != null && address.equals(each.address())) {
        longestOfAddress = longestOfAddress == null ? each : longestOfAddress;
        ofAddress++;
      }
    }
    if (ofAddress > limits.countPerAddress && longestOfAddress != null) {
      hangUp(longestOfAddress, "too many connections of one address say no hello");
    } else if (strangers.size() > limits.count) {
      hangUp(strangers.firstEntry().getKey(), "too many connections say no hello");
    }
  }

  @GuardedBy("lock")
  private void hangUp(Ends ends, String why) {
    Connection connection = strangers.remove(ends);
    if (connection == null) {
      return;
    }
    hangUps++;
    // Ever more seldom, so that a stranger cannot fill the disk.
    LOG.atLevel(Long.bitCount(hangUps) == 1 ? Level.WARN : Level.DEBUG)
        .addKeyValue("from", ends.remote)
        .addKeyValue("count", hangUps)
        .addKeyValue("why", why)
        .log("a connection was closed");
    // Without a farewell, for which the other side may let this one wait.
    Channel channel = connection.channel;
    channel.eventLoop().execute(() -> channel.unsafe().close(channel.voidPromise()));
  }

  private void gone(Ends ends) {
    lock.lock();
    try {
      strangers.remove(ends);
      letIn.remove(ends);
    } finally {
      lock.unlock();
    }
  }

  private void sweep() {
    lock.lock();
    try {
      long now = System.nanoTime();
      while (!strangers.isEmpty()) {
        Map.Entry<Ends, Connection> first = strangers.firstEntry();
        if (now - first.getValue().strangeSince < limits.age.toNanos()) {
          break;
        }
        hangUp(first.getKey(), "no hello came in time");
      }
    } finally {
      lock.unlock();
    }
  }

  /** Notes that a session began on a connection. */
  void began(Attributes attributes) {
    lock.lock();
    try {
      Ends ends = ends(attributes);
      Connection connection = letIn.get(ends);
      if (connection == null) {
        connection = strangers.remove(ends);
      }
      if (connection != null) {
        connection.sessions++;
        letIn.put(ends, connection);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Notes that a session ended: without another one its connection is a stranger's again. */
  void ended(Attributes attributes) {
    lock.lock();
    try {
      Ends ends = ends(attributes);
      Connection connection = letIn.get(ends);
      if (connection != null && --connection.sessions == 0) {
        letIn.remove(ends);
        connection.strangeSince = System.nanoTime();
        strangers.put(ends, connection);
        makeRoom(ends.address());
      }
    } finally {
      lock.unlock();
    }
  }

  private static Ends ends(Attributes attributes) {
    return new Ends(
        attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR),
        attributes.get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR));
  }

  /** {@return how often a stranger was hung up on} */
  long hangUps() {
    lock.lock();
    try {
      return hangUps;
    } finally {
      lock.unlock();
    }
  }
}
