package io.khonsu.grpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.khonsu.distributed.Transport.Receiver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way from this node to another one: one session after the other. Thread-safe. */
final class OutgoingLink {
  /*
   * States: no session (a connect is due, or the link is cut or closed) -> calling (the hello is on
   * its way) -> open (the answer's headers came) -> no session. Frames are taken only while open;
   * before, nobody would know how old they are when they arrive. What a session had not handed to
   * the network is dropped with it: the consensus sends what is still of use when it hears of the
   * next session.
   */
  private static final Logger LOG = LoggerFactory.getLogger(OutgoingLink.class);
  private static final Duration ANSWER_MAX = Duration.ofSeconds(5);

  /** Of what the other side says, so much is told. */
  private static final int REASON_CHARS_MAX = 500;

  /** Bytes that wait in the network's own buffers before frames wait here instead. */
  private static final int NETWORK_BYTES = 256 << 10;

  private final PeerAddress peer;
  private final Handshake handshake;
  private final PeerSettings.Limits limits;
  private final Wiring wiring;
  private final Receiver receiver;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final ArrayDeque<byte[]> queue = new ArrayDeque<>();

  @GuardedBy("lock")
  private @Nullable Session current;

  @GuardedBy("lock")
  private LinkFault fault = LinkFault.NONE;

  @GuardedBy("lock")
  private boolean isClosed;

  @GuardedBy("lock")
  private final Backoff backoff;

  /** The next call, if there is no session; it may have been made meanwhile. */
  @GuardedBy("lock")
  private @Nullable Future<?> nextCall;

  /** Whether the last call was for nothing. */
  @GuardedBy("lock")
  private boolean wasInVain;

  @GuardedBy("lock")
  private @Nullable Refusal refusal;

  @GuardedBy("lock")
  private String lastReason = "";

  @GuardedBy("lock")
  private long queuedBytes;

  @GuardedBy("lock")
  private long sessions;

  @GuardedBy("lock")
  private long framesSent;

  @GuardedBy("lock")
  private long bytesSent;

  @GuardedBy("lock")
  private long framesDropped;

  /**
   * Calls nobody yet.
   *
   * @param random lets it not call at the same time as others; for this link alone
   */
  OutgoingLink(
      PeerAddress peer,
      Handshake handshake,
      PeerSettings.Limits limits,
      Wiring wiring,
      Receiver receiver,
      RandomGenerator random) {
    this.peer = peer;
    this.handshake = handshake;
    this.limits = limits;
    this.wiring = wiring;
    this.receiver = receiver;
    this.backoff = new Backoff(random);
  }

  /** One connection, from the attempt to its end. */
  private final class Session extends ClientCall.Listener<byte[]> {
    private final ManagedChannel channel;
    private final ClientCall<byte[], byte[]> call;
    private boolean isOpen;
    private long openedNanos;

    private Session() {
      channel = wiring.channel(peer.host(), peer.port(), limits.frameBytesMax());
      CallOptions options = CallOptions.DEFAULT.withOnReadyThreshold(NETWORK_BYTES);
      call = channel.newCall(Handshake.FRAMES, options);
    }

    private void begin() {
      call.start(this, handshake.hello(peer.node()));
      wiring.later(ANSWER_MAX, () -> giveUpCalling(this));
    }

    private void end(String reason) {
      call.cancel(reason, null);
      channel.shutdownNow();
    }

    @Override
    public void onHeaders(Metadata headers) {
      answered(this);
    }

    @Override
    public void onReady() {
      drain(this);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      ended(this, status, Refusal.of(trailers));
    }
  }

  PeerAddress peer() {
    return peer;
  }

  /** Opens a session, unless there is one or must be none. */
  void connect() {
    if (!isCallDue()) {
      return;
    }
    Session session = new Session(); // takes a while: not under the lock
    lock.lock();
    try {
      if (isCallDue()) {
        current = session;
        session.begin();
        return;
      }
    } finally {
      lock.unlock();
    }
    session.end("it is not needed");
  }

  /**
   * Calls at once if the last call was in vain: the peer has called here, so it is there again. One
   * whose sessions open and are soon lost gets no more calls by that.
   */
  void reached() {
    lock.lock();
    try {
      if (current == null && !isClosed && wasInVain) {
        callIn(Duration.ZERO);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Calls in a while, and not when it would have otherwise. */
  @GuardedBy("lock")
  private void callIn(Duration delay) {
    if (nextCall != null) {
      nextCall.cancel(false);
    }
    nextCall = wiring.later(delay, this::connect);
  }

  private boolean isCallDue() {
    lock.lock();
    try {
      return current == null && !isClosed && fault != LinkFault.CUT;
    } finally {
      lock.unlock();
    }
  }

  /** Sends a frame, or drops it. */
  void send(byte[] frame) {
    lock.lock();
    try {
      Session session = current;
      if (session == null || !session.isOpen || fault != LinkFault.NONE || !hasRoom(frame)) {
        framesDropped++;
        return;
      }
      queue.add(frame);
      queuedBytes += frame.length;
      drain(session);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean hasRoom(byte[] frame) {
    if (frame.length > limits.frameBytesMax()) {
      LOG.atError()
          .addKeyValue("bytes", frame.length)
          .addKeyValue("frameBytesMax", limits.frameBytesMax())
          .log("a frame is too large to be sent");
      return false;
    }
    return queuedBytes + frame.length <= limits.queueBytesMax();
  }

  private void drain(Session session) {
    lock.lock();
    try {
      while (session == current && session.isOpen && session.call.isReady() && !queue.isEmpty()) {
        byte[] frame = queue.remove();
        queuedBytes -= frame.length;
        framesSent++;
        bytesSent += frame.length;
        session.call.sendMessage(frame);
      }
    } finally {
      lock.unlock();
    }
  }

  private void answered(Session session) {
    var tls = session.call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    String uri = TlsFiles.nodeUri(handshake.clusterId(), peer.node());
    if (handshake.isSecure() && !TlsIdentity.names(tls, uri)) {
      String reason =
          "%s shows no certificate that is trusted with the name %s".formatted(peer, uri);
      ended(session, Status.PERMISSION_DENIED.withDescription(reason), Refusal.OTHER_CERTIFICATE);
      return;
    }
    lock.lock();
    try {
      if (session != current) {
        return;
      }
      session.isOpen = true;
      session.openedNanos = System.nanoTime();
      sessions++;
      refusal = null;
      lastReason = "";
    } finally {
      lock.unlock();
    }
    LOG.atInfo().addKeyValue("peer", peer).log("connected to a node");
    receiver.reconnected(peer.node());
  }

  private void giveUpCalling(Session session) {
    lock.lock();
    try {
      if (session != current || session.isOpen) {
        return;
      }
    } finally {
      lock.unlock();
    }
    ended(session, Status.DEADLINE_EXCEEDED.withDescription("no answer to the hello"), null);
  }

  private void ended(Session session, Status status, @Nullable Refusal why) {
    lock.lock();
    try {
      if (session != current) {
        return;
      }
      refusal = why;
      log(session, status);
      dropSession(String.valueOf(status.getDescription()));
      wasInVain = !session.isOpen;
      if (!isClosed) {
        long livedNanos = session.isOpen ? System.nanoTime() - session.openedNanos : 0;
        callIn(backoff.next(Duration.ofNanos(livedNanos)));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Says what is new: not again and again that a node is still down. */
  @GuardedBy("lock")
  private void log(Session session, Status status) {
    Throwable cause = status.getCause();
    String reason =
        printable(
            status.getCode()
                + ": "
                + status.getDescription()
                + (cause == null ? "" : ", " + cause.getMessage()));
    if (session.isOpen || !reason.equals(lastReason)) {
      LOG.atWarn()
          .addKeyValue("peer", peer)
          .addKeyValue("why", reason)
          .log(session.isOpen ? "lost the connection to a node" : "cannot connect to a node");
    }
    lastReason = reason;
  }

  /** {@return a text of the other side in one line of bounded length} */
  static String printable(String said) {
    StringBuilder line = new StringBuilder();
    said.codePoints()
        .limit(REASON_CHARS_MAX)
        .forEach(character -> {
          if (isPrintable(character)) {
            line.appendCodePoint(character);
          } else {
            line.append("\\u%04x".formatted(character));
          }
        });
    return line.toString();
  }

  private static boolean isPrintable(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      default -> true;
    };
  }

  @GuardedBy("lock")
  private void dropSession(String reason) {
    Session session = current;
    current = null;
    framesDropped += queue.size();
    queue.clear();
    queuedBytes = 0;
    if (session != null) {
      session.end(reason);
    }
  }

  void setFault(LinkFault next) {
    lock.lock();
    try {
      fault = next;
      if (next == LinkFault.CUT) {
        dropSession("cut on purpose");
      }
    } finally {
      lock.unlock();
    }
    connect();
  }

  /**
   * Ends the session, and opens none any more.
   *
   * @return the connection, if there is one; it ends soon, which its own thread must not wait for
   */
  @CanIgnoreReturnValue
  Optional<ManagedChannel> close() {
    lock.lock();
    try {
      Optional<ManagedChannel> channel = Optional.ofNullable(current).map(each -> each.channel);
      isClosed = true;
      dropSession("the link was closed");
      return channel;
    } finally {
      lock.unlock();
    }
  }

  /** {@return whether there is a session that takes frames} */
  boolean isOpen() {
    lock.lock();
    try {
      return current != null && current.isOpen;
    } finally {
      lock.unlock();
    }
  }

  LinkStatus status() {
    lock.lock();
    try {
      return new LinkStatus(
          peer,
          current != null && current.isOpen,
          sessions,
          framesSent,
          bytesSent,
          framesDropped,
          queuedBytes,
          Optional.ofNullable(refusal));
    } finally {
      lock.unlock();
    }
  }
}
