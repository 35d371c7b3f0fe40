package io.khonsu.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.khonsu.distributed.Transport.Receiver;
import io.khonsu.grpc.Handshake.Result;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Who has called this node, one session each: a newer one ends the older. Thread-safe.
 *
 * <p>A frame is asked for only when the one before was taken, so what a slow node has not taken
 * stays with the sender, but for one frame and a window of the connection.
 */
final class IncomingSessions {
  private static final Logger LOG = LoggerFactory.getLogger(IncomingSessions.class);

  /** How long a sender waits after a frame that had no room here. */
  private static final Duration PAUSE = Duration.ofMillis(5);

  private final Handshake handshake;
  private final Map<Long, PeerAddress> peers;
  private final Wiring wiring;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Long, Session> sessions = new HashMap<>();

  @GuardedBy("lock")
  private final Map<Refusal, Long> refusals = new EnumMap<>(Refusal.class);

  @GuardedBy("lock")
  private @Nullable Receiver receiver;

  /**
   * Nobody has called yet.
   *
   * @param peers who may, at any time; thread-safe
   */
  IncomingSessions(Handshake handshake, Map<Long, PeerAddress> peers, Wiring wiring) {
    this.handshake = handshake;
    this.peers = peers;
    this.wiring = wiring;
  }

  /** Frames of one node, in order. */
  private final class Session extends ServerCall.Listener<byte[]> {
    private final long node;
    private final ServerCall<byte[], byte[]> call;
    private final Receiver target;

    private Session(long node, ServerCall<byte[], byte[]> call, Receiver target) {
      this.node = node;
      this.call = call;
      this.target = target;
    }

    @Override
    public void onMessage(byte[] frame) {
      if (deliver(this, frame)) {
        call.request(1);
      } else {
        wiring.later(PAUSE, () -> call.request(1));
      }
    }

    @Override
    public void onHalfClose() {
      if (forget(this)) {
        call.close(Status.OK, new Metadata());
      }
    }

    @Override
    public void onCancel() {
      var _ = forget(this);
    }

    @Override
    public void onComplete() {
      var _ = forget(this);
    }
  }

  /** {@return the service by which nodes call} */
  ServerServiceDefinition service() {
    return ServerServiceDefinition.builder("khonsu.Peer")
        .addMethod(Handshake.FRAMES, this::accept)
        .build();
  }

  /** Lets nodes in from now on. */
  void start(Receiver target) {
    lock.lock();
    try {
      receiver = target;
    } finally {
      lock.unlock();
    }
  }

  /** Lets nobody in any more; a frame that was under way may be delivered for a last time. */
  void stop() {
    lock.lock();
    try {
      receiver = null;
      sessions.values().forEach(session -> end(session, Refusal.NOT_RUNNING, "the node stops"));
      sessions.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the session of a node that is no peer any more. */
  void remove(long node) {
    lock.lock();
    try {
      Session session = sessions.remove(node);
      if (session != null) {
        end(session, Refusal.UNKNOWN_NODE, "node %d is no peer any more".formatted(node));
      }
    } finally {
      lock.unlock();
    }
  }

  /** {@return how often somebody was not let in, by reason} */
  Map<Refusal, Long> refusals() {
    lock.lock();
    try {
      return Map.copyOf(refusals);
    } finally {
      lock.unlock();
    }
  }

  private ServerCall.Listener<byte[]> accept(ServerCall<byte[], byte[]> call, Metadata headers) {
    var tls = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    lock.lock();
    try {
      Receiver target = receiver;
      if (target == null) {
        return refuse(call, Refusal.NOT_RUNNING, "the node does not take frames");
      }
      return switch (handshake.check(headers, peers, tls)) {
        case Result.Refused(var refusal, var description) -> refuse(call, refusal, description);
        case Result.Accepted(long node) -> open(new Session(node, call, target));
      };
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private ServerCall.Listener<byte[]> refuse(
      ServerCall<byte[], byte[]> call, Refusal refusal, String description) {
    long count = refusals.merge(refusal, 1L, Long::sum);
    // Ever more seldom, so that a stranger cannot fill the disk.
    LOG.atLevel(Long.bitCount(count) == 1 ? Level.WARN : Level.DEBUG)
        .addKeyValue("from", call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR))
        .addKeyValue("refusal", refusal)
        .addKeyValue("count", count)
        .addKeyValue("why", description)
        .log("a call of a node was refused");
    call.close(refusal.status(description), refusal.trailers());
    return new ServerCall.Listener<>() {};
  }

  @GuardedBy("lock")
  private Session open(Session session) {
    Session older = sessions.put(session.node, session);
    if (older != null) {
      older.call.close(Status.ABORTED.withDescription("a newer session began"), new Metadata());
    }
    LOG.atDebug().addKeyValue("from", session.node).log("a node opened a session");
    session.call.sendHeaders(new Metadata());
    session.target.reconnected(session.node); // frames of older sessions may have been lost
    session.call.request(1);
    return session;
  }

  /** {@return whether the next frame may come at once} */
  private boolean deliver(Session session, byte[] frame) {
    // Under the lock, so that no frame of an older session comes after one of a newer.
    lock.lock();
    try {
      return sessions.get(session.node) != session || session.target.receive(session.node, frame);
    } finally {
      lock.unlock();
    }
  }

  /** {@return whether nobody had ended the session before} */
  private boolean forget(Session session) {
    lock.lock();
    try {
      return sessions.remove(session.node, session);
    } finally {
      lock.unlock();
    }
  }

  private static void end(Session session, Refusal refusal, String description) {
    session.call.close(refusal.status(description), refusal.trailers());
  }
}
