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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
  private final ConnectionGate gate;

  /** Of every node that was ever let in. */
  private final Map<Long, Seat> seats = new ConcurrentHashMap<>();

  private final Map<Refusal, Long> refusals = new ConcurrentHashMap<>();
  private volatile @Nullable Receiver receiver;

  /**
   * Nobody has called yet.
   *
   * @param peers who may, at any time; thread-safe
   */
  IncomingSessions(
      Handshake handshake, Map<Long, PeerAddress> peers, Wiring wiring, ConnectionGate gate) {
    this.handshake = handshake;
    this.peers = peers;
    this.wiring = wiring;
    this.gate = gate;
  }

  /**
   * Where the session of one node is. The receiver is told of a node under the lock of its seat, so
   * that no frame of an older session comes after one of a newer; other nodes do not wait for that.
   */
  private static final class Seat {
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private @Nullable Session session;
  }

  /** Frames of one node, in order. */
  private final class Session extends ServerCall.Listener<byte[]> {
    private final long node;
    private final Seat seat;
    private final ServerCall<byte[], byte[]> call;
    private final Receiver target;

    /** Once for the frames that have come together. */
    private final Repeated receiving;

    private Session(long node, Seat seat, ServerCall<byte[], byte[]> call, Receiver target) {
      this.node = node;
      this.seat = seat;
      this.call = call;
      this.target = target;
      this.receiving = new Repeated(wiring.networkThread(), target::received);
    }

    @Override
    public void onMessage(byte[] frame) {
      if (deliver(this, frame)) {
        call.request(1);
      } else {
        wiring.later(PAUSE, () -> call.request(1));
      }
      receiving.ask();
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
    receiver = target;
  }

  /** Lets nobody in any more; a frame that was under way may be delivered for a last time. */
  void stop() {
    receiver = null; // first: who is let in later than this is not let in
    seats.values().forEach(seat -> vacate(seat, Refusal.NOT_RUNNING, "the node stops"));
  }

  /** Ends the session of a node that is no peer any more: it must have left the peers before. */
  void remove(long node) {
    Seat seat = seats.get(node);
    if (seat != null) {
      vacate(seat, Refusal.UNKNOWN_NODE, "node %d is no peer any more".formatted(node));
    }
  }

  /** {@return how often somebody was not let in, by reason} */
  Map<Refusal, Long> refusals() {
    Map<Refusal, Long> all = new EnumMap<>(Refusal.class);
    all.putAll(refusals);
    long hangUps = gate.hangUps();
    if (hangUps > 0) {
      all.put(Refusal.NO_HELLO, hangUps);
    }
    return all;
  }

  private ServerCall.Listener<byte[]> accept(ServerCall<byte[], byte[]> call, Metadata headers) {
    var tls = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (receiver == null) {
      return refuse(call, Refusal.NOT_RUNNING, "the node does not take frames");
    }
    return switch (handshake.check(headers, peers, tls)) {
      case Result.Refused(var refusal, var description) -> refuse(call, refusal, description);
      case Result.Accepted(PeerAddress peer) -> open(call, peer);
    };
  }

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

  private ServerCall.Listener<byte[]> open(ServerCall<byte[], byte[]> call, PeerAddress peer) {
    Seat seat = seats.computeIfAbsent(peer.node(), _ -> new Seat());
    seat.lock.lock();
    try {
      Receiver target = receiver;
      // Again, as whoever changed one of them since has found no session here to end.
      if (target == null || !peer.equals(peers.get(peer.node()))) {
        return refuse(call, Refusal.NOT_RUNNING, "the node's peers change: call again");
      }
      Session older = seat.session;
      Session newer = new Session(peer.node(), seat, call, target);
      seat.session = newer;
      gate.began(call.getAttributes());
      if (older != null) {
        end(older, Status.ABORTED.withDescription("a newer session began"), new Metadata());
      }
      LOG.atDebug().addKeyValue("from", peer.node()).log("a node opened a session");
      call.sendHeaders(new Metadata());
      target.reconnected(peer.node()); // frames of older sessions may have been lost
      call.request(1);
      return newer;
    } finally {
      seat.lock.unlock();
    }
  }

  /** {@return whether the next frame may come at once} */
  private static boolean deliver(Session session, byte[] frame) {
    session.seat.lock.lock();
    try {
      return session.seat.session != session || session.target.receive(session.node, frame);
    } finally {
      session.seat.lock.unlock();
    }
  }

  /** {@return whether nobody had ended the session before} */
  private boolean forget(Session session) {
    session.seat.lock.lock();
    try {
      if (session.seat.session != session) {
        return false;
      }
      session.seat.session = null;
      gate.ended(session.call.getAttributes());
      return true;
    } finally {
      session.seat.lock.unlock();
    }
  }

  private void vacate(Seat seat, Refusal refusal, String description) {
    seat.lock.lock();
    try {
      Session session = seat.session;
      seat.session = null;
      if (session != null) {
        end(session, refusal.status(description), refusal.trailers());
      }
    } finally {
      seat.lock.unlock();
    }
  }

  private void end(Session session, Status status, Metadata trailers) {
    gate.ended(session.call.getAttributes());
    session.call.close(status, trailers);
  }
}
