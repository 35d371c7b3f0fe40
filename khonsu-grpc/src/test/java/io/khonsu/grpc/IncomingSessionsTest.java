package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.khonsu.distributed.Transport;
import io.khonsu.grpc.proto.Hello;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions without a network below them. */
class IncomingSessionsTest {
  private final Map<Long, PeerAddress> peers = new ConcurrentHashMap<>();
  private final Handshake handshake = new Handshake(1, new PeerSettings.Self(1, 0), 1 << 20, false);
  private Wiring wiring;
  private IncomingSessions sessions;

  @BeforeEach
  void open() throws Exception {
    wiring =
        new Wiring(
            "khonsu-sessions", new Wiring.Security(Optional.empty(), null, PlainText.LOOPBACK));
    peers.put(2L, PeerAddress.of(2, "127.0.0.1", 1));
    peers.put(3L, PeerAddress.of(3, "127.0.0.1", 1));
    sessions =
        new IncomingSessions(
            handshake, peers, wiring, new ConnectionGate(ConnectionGate.Limits.USUAL, wiring));
  }

  @AfterEach
  void close() {
    wiring.close();
  }

  /** A call that only remembers how it ended. */
  private static final class Call extends ServerCall<byte[], byte[]> {
    private final CompletableFuture<Status> closed = new CompletableFuture<>();

    @Override
    public void request(int count) {}

    @Override
    public void sendHeaders(Metadata headers) {}

    @Override
    public void sendMessage(byte[] message) {}

    @Override
    public void close(Status status, Metadata trailers) {
      closed.complete(status);
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public Attributes getAttributes() {
      return Attributes.EMPTY;
    }

    @Override
    public MethodDescriptor<byte[], byte[]> getMethodDescriptor() {
      return Handshake.FRAMES;
    }
  }

  @SuppressWarnings("unchecked")
  private ServerCall.Listener<byte[]> call(long from, Call call) {
    Hello hello =
        Hello.newBuilder()
            .setProtocolVersion(Handshake.PROTOCOL_VERSION)
            .setClusterId(1)
            .setFrom(from)
            .setTo(1)
            .build();
    var handler = sessions.service().getMethod("khonsu.Peer/Frames").getServerCallHandler();
    return ((io.grpc.ServerCallHandler<byte[], byte[]>) handler)
        .startCall(call, Handshake.headers(hello));
  }

  @Test
  void receiverThatIsBusyWithOneNode_keepsNoOtherOut() throws Exception {
    CountDownLatch isBusy = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    Recorder recorder = new Recorder();
    sessions.start(
        new Transport.Receiver() {
          @Override
          public boolean receive(long node, byte[] frame) {
            if (node == 2) {
              isBusy.countDown();
              awaitQuietly(goesOn);
            }
            return recorder.receive(node, frame);
          }

          @Override
          public void received() {}

          @Override
          public void reconnected(long node) {
            recorder.reconnected(node);
          }
        });
    ServerCall.Listener<byte[]> slow = call(2, new Call());
    Thread busy = Thread.startVirtualThread(() -> slow.onMessage(new byte[] {2}));
    isBusy.await();
    CompletableFuture<Void> other =
        CompletableFuture.runAsync(() -> call(3, new Call()).onMessage(new byte[] {3}));
    Waiting.until("the other node's frame", other::isDone);
    assertThat(recorder.frames()).hasSize(1);
    goesOn.countDown();
    busy.join();
    assertThat(recorder.frames()).hasSize(2);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void nodeThatChangesWhileItIsLetIn_isNotLetIn() {
    sessions.start(new Recorder());
    Map<Long, PeerAddress> stale = new ConcurrentHashMap<>(peers);
    IncomingSessions changing =
        new IncomingSessions(
            handshake,
            new ConcurrentHashMap<>(stale) {
              private static final long serialVersionUID = 1;
              private boolean wasAsked;

              @Override
              public @Nullable PeerAddress get(Object node) {
                PeerAddress then = super.get(node);
                PeerAddress now = wasAsked ? PeerAddress.of(2, "127.0.0.1", 7) : then;
                wasAsked = true;
                return now;
              }
            },
            wiring,
            new ConnectionGate(ConnectionGate.Limits.USUAL, wiring));
    Recorder recorder = new Recorder();
    changing.start(recorder);
    sessions = changing;
    Call call = new Call();
    call(2, call);
    assertThat(Waiting.forValue("the end", call.closed).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(recorder.told()).isEmpty();
  }

  @Test
  void session_isEndedByStopping_andNothingComesAfterIt() {
    Recorder recorder = new Recorder();
    sessions.start(recorder);
    Call call = new Call();
    ServerCall.Listener<byte[]> listener = call(2, call);
    listener.onMessage(new byte[] {1});
    sessions.stop();
    listener.onMessage(new byte[] {2});
    assertThat(recorder.frames()).hasSize(1);
    assertThat(Waiting.forValue("the end", call.closed).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    Call later = new Call();
    call(3, later);
    assertThat(sessions.refusals()).containsOnlyKeys(Refusal.NOT_RUNNING);
  }
}
