package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.khonsu.distributed.Transport;
import io.khonsu.grpc.proto.Hello;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The transport on loopback, in plain text. */
class GrpcTransportTest {
  private static final long CLUSTER = 42;
  private static final PeerSettings.Limits SMALL = new PeerSettings.Limits(256 << 10, 1 << 20);

  private final InetSocketAddress[] at = {FreePorts.next(), FreePorts.next(), FreePorts.next()};
  private final Recorder[] told = {new Recorder(), new Recorder(), new Recorder()};
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
    Waiting.until("no thread is left", GrpcTransportTest::noThreadIsLeft);
  }

  private static boolean noThreadIsLeft() {
    return Thread.getAllStackTraces().keySet().stream()
        .noneMatch(thread -> thread.getName().startsWith("khonsu-peer-"));
  }

  private InetSocketAddress at(long node) {
    return at[(int) node - 1];
  }

  private Recorder told(long node) {
    return told[(int) node - 1];
  }

  private PeerAddress peer(long node) {
    return PeerAddress.of(node, at(node).getHostString(), at(node).getPort());
  }

  private PeerSettings settings(long node, long... peers) {
    return PeerSettings.of(CLUSTER, node, at(node))
        .with(Arrays.stream(peers).mapToObj(this::peer).toList())
        .with(SMALL);
  }

  private GrpcTransport start(PeerSettings settings) throws IOException {
    return start(settings, told(settings.self().node()));
  }

  private GrpcTransport start(PeerSettings settings, Transport.Receiver receiver)
      throws IOException {
    GrpcTransport transport = GrpcTransport.open(settings);
    open.add(transport);
    transport.start(receiver);
    return transport;
  }

  private Caller caller(Metadata hello) throws IOException {
    Caller caller = new Caller(at(1), Optional.empty(), hello);
    open.add(caller);
    return caller;
  }

  private static LinkStatus link(GrpcTransport from, long to) {
    return from.links().stream().filter(each -> each.peer().node() == to).findFirst().orElseThrow();
  }

  private static void awaitConnected(GrpcTransport from, long to) {
    Waiting.until("connected", () -> link(from, to).isConnected());
  }

  private static byte[] frame(int number, int sizeBytes) {
    byte[] frame = new byte[sizeBytes];
    new Random(number).nextBytes(frame);
    return frame;
  }

  private static Hello hello() {
    return Hello.newBuilder()
        .setProtocolVersion(Handshake.PROTOCOL_VERSION)
        .setClusterId(CLUSTER)
        .setFrom(2)
        .setIncarnation(3)
        .setTo(1)
        .build();
  }

  private static Metadata helloOf(Consumer<Hello.Builder> change) {
    Hello.Builder builder = hello().toBuilder();
    change.accept(builder);
    return Handshake.headers(builder.build());
  }

  /** Else a node that was restarted hears nothing from some of the others for a second more. */
  @Test
  void nodeThatCalls_isCalledAtOnce_howeverLongUntilTheNextAttempt() throws Exception {
    CountDownLatch calledInVain = new CountDownLatch(1);
    RandomGenerator anHour =
        new RandomGenerator() {
          @Override
          public long nextLong() {
            return 0;
          }

          @Override
          public long nextLong(long least, long bound) {
            calledInVain.countDown();
            return Duration.ofHours(1).toMillis();
          }
        };
    GrpcTransport one = GrpcTransport.open(settings(1, 2), () -> anHour);
    open.add(one);
    one.start(told(1));
    calledInVain.await();
    GrpcTransport two = start(settings(2, 1));
    awaitConnected(two, 1);
    awaitConnected(one, 2);
  }

  @Test
  void frames_bothWaysAtOnce_arriveInOrderAndUnchanged() throws Exception {
    GrpcTransport one = start(settings(1, 2));
    GrpcTransport two = start(settings(2, 1));
    awaitConnected(one, 2);
    awaitConnected(two, 1);
    int count = 300;
    for (int i = 0; i < count; i++) {
      one.send(2, frame(i, i * 11));
      two.send(1, frame(-i, i));
    }
    Waiting.until("all arrived", () -> told(2).frames().size() == count);
    Waiting.until("all arrived", () -> told(1).frames().size() == count);
    Waiting.until("all can be worked on", () -> told(1).hasWorkedOnAll());
    Waiting.until("all can be worked on", () -> told(2).hasWorkedOnAll());
    for (int i = 0; i < count; i++) {
      assertThat(told(2).frames().get(i)).isEqualTo(frame(i, i * 11));
      assertThat(told(1).frames().get(i)).isEqualTo(frame(-i, i));
    }
    assertThat(link(one, 2).framesDropped()).isZero();
    assertThat(link(one, 2).framesSent()).isEqualTo(count);
  }

  @Test
  void peerThatComesBack_isConnectedAgain_andBothAreTold() throws Exception {
    GrpcTransport one = start(settings(1, 2));
    GrpcTransport two = start(settings(2, 1));
    awaitConnected(one, 2);
    awaitConnected(two, 1);
    Waiting.until("told of both directions", () -> told(1).reconnections(2) == 2);
    two.close();
    Waiting.until("lost", () -> !link(one, 2).isConnected());
    one.send(2, new byte[] {1});
    assertThat(link(one, 2).framesDropped()).isEqualTo(1);

    Recorder again = new Recorder();
    start(settings(2, 1), again);
    awaitConnected(one, 2);
    one.send(2, new byte[] {2});
    Waiting.until("arrived", () -> again.frames().size() == 1);

    assertThat(again.told().getFirst().frame()).isNull();
    assertThat(again.frames().getFirst()).containsExactly(2);
    assertThat(link(one, 2).sessions()).isEqualTo(2);
    Waiting.until("told of both directions", () -> told(1).reconnections(2) == 4);
  }

  @Test
  void peerThatDoesNotRead_takesBoundedMemory_andGetsMoreWhenItReads() throws Exception {
    CountDownLatch reads = new CountDownLatch(1);
    GrpcTransport one = start(settings(1, 2));
    start(
        settings(2, 1),
        new Transport.Receiver() {
          @Override
          public boolean receive(long node, byte[] frame) {
            try {
              reads.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return told(2).receive(node, frame);
          }

          @Override
          public void received() {}

          @Override
          public void reconnected(long node) {}
        });
    awaitConnected(one, 2);
    try {
      for (int i = 0; i < 2_000; i++) {
        one.send(2, ByteBuffer.allocate(32 << 10).putInt(i).array());
        assertThat(link(one, 2).queuedBytes()).isLessThanOrEqualTo(SMALL.queueBytesMax());
      }
      assertThat(link(one, 2).framesDropped()).isPositive();
      assertThat(link(one, 2).bytesSent()).isLessThan(32L << 20);
    } finally {
      reads.countDown();
    }
    Waiting.until(
        "all that was kept arrived",
        () -> {
          LinkStatus link = link(one, 2);
          return link.queuedBytes() == 0 && told(2).frames().size() == link.framesSent();
        });
    assertThat(told(2).frames().stream().map(frame -> ByteBuffer.wrap(frame).getInt()))
        .isSorted()
        .doesNotHaveDuplicates()
        .startsWith(0);
  }

  @Test
  void receiverWithoutRoom_losesFrames_andSlowsDownTheSender() throws Exception {
    GrpcTransport one = start(settings(1, 2));
    int refused = 3;
    Recorder taken = new Recorder();
    List<Long> arrivals = Collections.synchronizedList(new ArrayList<>());
    start(
        settings(2, 1),
        new Transport.Receiver() {
          @Override
          public boolean receive(long node, byte[] frame) {
            arrivals.add(System.nanoTime());
            return arrivals.size() > refused && taken.receive(node, frame);
          }

          @Override
          public void received() {}

          @Override
          public void reconnected(long node) {}
        });
    awaitConnected(one, 2);
    for (int i = 0; i < 10; i++) {
      one.send(2, new byte[] {(byte) i});
    }
    Waiting.until("the others arrived", () -> taken.frames().size() == 10 - refused);
    assertThat(taken.frames().getFirst()).containsExactly(refused);
    for (int i = 0; i < refused; i++) {
      assertThat(arrivals.get(i + 1) - arrivals.get(i))
          .as("the pause after a frame that had no room, in nanoseconds")
          .isGreaterThanOrEqualTo(5_000_000);
    }
  }

  record BadHello(Metadata headers, Refusal refusal, Status.Code code, String says) {}

  static List<BadHello> badHellos() {
    Metadata garbage = new Metadata();
    garbage.put(
        Metadata.Key.of("khonsu-hello-bin", Metadata.BINARY_BYTE_MARSHALLER),
        new byte[] {(byte) 0xff, 1, 2});
    return List.of(
        new BadHello(
            new Metadata(),
            Refusal.MALFORMED_HELLO,
            Status.Code.INVALID_ARGUMENT,
            "this port is for nodes"),
        new BadHello(garbage, Refusal.MALFORMED_HELLO, Status.Code.INVALID_ARGUMENT, "be read"),
        new BadHello(
            helloOf(hello -> hello.setProtocolVersion(9)),
            Refusal.PROTOCOL_VERSION,
            Status.Code.FAILED_PRECONDITION,
            "protocol version 9 is not 1"),
        new BadHello(
            helloOf(hello -> hello.setClusterId(7)),
            Refusal.OTHER_CLUSTER,
            Status.Code.FAILED_PRECONDITION,
            "cluster 7 is not 42"),
        new BadHello(
            helloOf(hello -> hello.setTo(3)),
            Refusal.OTHER_RECEIVER,
            Status.Code.FAILED_PRECONDITION,
            "node 3 is not here"),
        new BadHello(
            helloOf(hello -> hello.setFrom(5)),
            Refusal.UNKNOWN_NODE,
            Status.Code.PERMISSION_DENIED,
            "node 5 is not among"),
        new BadHello(
            helloOf(hello -> hello.setFrom(1)),
            Refusal.UNKNOWN_NODE,
            Status.Code.PERMISSION_DENIED,
            "node 1 is not among"),
        new BadHello(
            helloOf(hello -> hello.setFrom(-1)),
            Refusal.UNKNOWN_NODE,
            Status.Code.PERMISSION_DENIED,
            "node 18446744073709551615 is not among"),
        new BadHello(
            helloOf(hello -> hello.setFrameBytesMax((17 << 20) + 1)),
            Refusal.FRAME_SIZE,
            Status.Code.FAILED_PRECONDITION,
            "frames of up to 17825793 bytes, of which node 1 takes 17825792"),
        new BadHello(
            helloOf(hello -> hello.setFrameBytesMax(-1)),
            Refusal.FRAME_SIZE,
            Status.Code.FAILED_PRECONDITION,
            "up to 4294967295 bytes"),
        new BadHello(
            helloOf(hello -> hello.setIncarnation(2)),
            Refusal.OLD_INCARNATION,
            Status.Code.FAILED_PRECONDITION,
            "storage 2, but was given 3"));
  }

  @ParameterizedTest
  @MethodSource("badHellos")
  void badHello_isRefusedByName_andNothingIsDelivered(BadHello bad) throws Exception {
    PeerAddress two = new PeerAddress(2, 3, at(2).getHostString(), at(2).getPort());
    GrpcTransport one = start(PeerSettings.of(CLUSTER, 1, at(1)).with(List.of(two)));
    Caller caller = caller(bad.headers());
    caller.send(new byte[] {1});
    Caller.Ended ended = caller.ended();
    assertThat(ended.status().getCode()).isEqualTo(bad.code());
    assertThat(ended.status().getDescription()).contains(bad.says());
    assertThat(Refusal.of(ended.trailers())).isEqualTo(bad.refusal());
    assertThat(one.refusals()).containsOnlyKeys(bad.refusal()).containsValue(1L);
    assertThat(told(1).told()).isEmpty();
  }

  @Test
  void nodeOfAnotherCluster_learnsWhyItIsRefused() throws Exception {
    start(settings(1, 2));
    GrpcTransport stranger = start(PeerSettings.of(7, 2, at(2)).with(List.of(peer(1))).with(SMALL));
    Waiting.until(
        "refused", () -> link(stranger, 1).refusal().equals(Optional.of(Refusal.OTHER_CLUSTER)));
    assertThat(link(stranger, 1).isConnected()).isFalse();
    assertThat(told(1).told()).isEmpty();
  }

  @Test
  void transportThatWasNotStarted_letsNobodyIn_thenDoes() throws Exception {
    GrpcTransport one = GrpcTransport.open(settings(1, 2));
    open.add(one);
    GrpcTransport two = start(settings(2, 1));
    Waiting.until("refused", () -> link(two, 1).refusal().equals(Optional.of(Refusal.NOT_RUNNING)));
    one.start(told(1));
    awaitConnected(two, 1);
    assertThatThrownBy(() -> one.start(told(1))).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void newerSession_endsTheOlder() throws Exception {
    PeerSettings settings = PeerSettings.of(CLUSTER, 1, at(1)).with(List.of(peer(2)));
    start(settings);
    Caller older = caller(Handshake.headers(hello()));
    assertThat(older.isLetIn()).isTrue();
    Caller newer = caller(Handshake.headers(hello()));
    assertThat(newer.isLetIn()).isTrue();
    assertThat(older.ended().status().getCode()).isEqualTo(Status.Code.ABORTED);
    newer.send(new byte[] {5});
    Waiting.until("arrived", () -> told(1).frames().size() == 1);
    newer.halfClose();
    assertThat(newer.ended().status().isOk()).isTrue();
  }

  @Test
  void largeFrame_isDroppedHere_andRefusedThere() throws Exception {
    GrpcTransport one = start(settings(1, 2));
    GrpcTransport two = start(settings(2, 1));
    awaitConnected(two, 1);
    two.send(1, new byte[SMALL.frameBytesMax() + 1]);
    assertThat(link(two, 1).framesDropped()).isEqualTo(1);
    two.send(1, new byte[SMALL.frameBytesMax()]);
    Waiting.until("arrived", () -> told(1).frames().size() == 1);
    two.close();

    Caller caller = caller(Handshake.headers(hello()));
    assertThat(caller.isLetIn()).isTrue();
    caller.send(new byte[SMALL.frameBytesMax() + 1]);
    assertThat(caller.ended().status().isOk()).isFalse();
    assertThat(told(1).frames()).hasSize(1);
    start(settings(2, 1));
    awaitConnected(one, 2);
  }

  /** {@return whether the other end hangs up, after whatever it has to say} */
  static boolean isHungUpOn(Socket socket) throws IOException {
    socket.setSoTimeout(60_000);
    try {
      var _ = socket.getInputStream().readAllBytes();
      return true;
    } catch (SocketException _) {
      return true; // it was even reset
    }
  }

  @Test
  void bytesOfAnyKind_atThePort_doNoHarm() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    start(settings(1, 2));
    byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    List<Socket> sockets = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      byte[] bytes = new byte[random.nextInt(2_000) + 1];
      random.nextBytes(bytes);
      Socket socket = new Socket(at(1).getAddress(), at(1).getPort());
      open.add(socket);
      sockets.add(socket);
      try {
        OutputStream out = socket.getOutputStream();
        out.write(
            switch (i % 4) {
              case 0 -> "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
              case 1 -> Arrays.copyOf(preface, random.nextInt(preface.length));
              case 2 -> preface;
              default -> new byte[0];
            });
        out.write(bytes);
      } catch (IOException _) {
        // The port has hung up, as it may.
      }
    }
    for (Socket socket : sockets) {
      assertThat(isHungUpOn(socket)).as("seed %d", seed).isTrue();
    }
    assertThat(told(1).told()).as("seed %d", seed).isEmpty();
    GrpcTransport two = start(settings(2, 1));
    awaitConnected(two, 1);
    two.send(1, new byte[] {1});
    Waiting.until("arrived", () -> told(1).frames().size() == 1);
  }

  @Test
  void fault_isOneWay_andEnds() throws Exception {
    GrpcTransport one = start(settings(1, 2));
    GrpcTransport two = start(settings(2, 1));
    awaitConnected(one, 2);
    awaitConnected(two, 1);
    one.setFault(2, LinkFault.DROP);
    one.send(2, new byte[] {1});
    two.send(1, new byte[] {2});
    Waiting.until("the other way works", () -> told(1).frames().size() == 1);
    assertThat(link(one, 2).isConnected()).isTrue();
    one.setFault(2, LinkFault.CUT);
    one.send(2, new byte[] {3});
    assertThat(link(one, 2).isConnected()).isFalse();
    two.send(1, new byte[] {4});
    Waiting.until("the other way works", () -> told(1).frames().size() == 2);
    one.setFault(2, LinkFault.NONE);
    awaitConnected(one, 2);
    one.send(2, new byte[] {5});
    Waiting.until("it works again", () -> told(2).frames().size() == 1);
    assertThat(told(2).frames().getFirst()).containsExactly(5);
    assertThat(link(one, 2).sessions()).isEqualTo(2);
    assertThatThrownBy(() -> one.setFault(9, LinkFault.CUT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("node 9");
  }

  @Test
  void peers_comeMoveAndGo() throws Exception {
    GrpcTransport one = start(settings(1));
    GrpcTransport two = start(settings(2, 1));
    Waiting.until(
        "not let in", () -> link(two, 1).refusal().equals(Optional.of(Refusal.UNKNOWN_NODE)));
    one.setPeer(peer(2));
    one.setPeer(peer(1)); // itself: nothing happens
    awaitConnected(one, 2);
    awaitConnected(two, 1);
    two.close();

    PeerAddress moved = PeerAddress.of(2, at(3).getHostString(), at(3).getPort());
    one.setPeer(moved);
    GrpcTransport elsewhere =
        start(PeerSettings.of(CLUSTER, 2, at(3)).with(List.of(peer(1))).with(SMALL));
    awaitConnected(one, 2);
    awaitConnected(elsewhere, 1);
    one.setPeer(new PeerAddress(2, 1, moved.host(), moved.port()));
    Waiting.until(
        "its storage is replaced",
        () -> link(elsewhere, 1).refusal().equals(Optional.of(Refusal.OLD_INCARNATION)));
    one.removePeer(2);
    Waiting.until(
        "removed", () -> link(elsewhere, 1).refusal().equals(Optional.of(Refusal.UNKNOWN_NODE)));
    assertThat(one.links()).isEmpty();
  }

  @Test
  void listenerOffLoopback_needsTlsOrAWord() throws Exception {
    InetSocketAddress anywhere = new InetSocketAddress("0.0.0.0", at(1).getPort());
    PeerSettings settings = PeerSettings.of(CLUSTER, 1, anywhere);
    assertThatThrownBy(() -> GrpcTransport.open(settings))
        .isInstanceOf(InsecureListenerException.class)
        .hasMessageContaining("127.0.0.1");
    open.add(GrpcTransport.open(settings.with(PlainText.ANYWHERE)));
  }

  @Test
  void peerOffLoopback_needsTlsOrAWord() throws Exception {
    PeerAddress elsewhere = PeerAddress.of(2, "10.255.255.1", 7_001);
    assertThatThrownBy(() -> GrpcTransport.open(settings(1).with(List.of(elsewhere))))
        .isInstanceOf(InsecurePeerException.class)
        .hasMessageContaining("node 2 at 10.255.255.1:7001")
        .hasMessageContaining("certificates");
    GrpcTransport one = start(settings(1));
    assertThatThrownBy(() -> one.setPeer(elsewhere)).isInstanceOf(InsecurePeerException.class);
    assertThat(one.links()).isEmpty();
    one.setPeer(PeerAddress.of(1, "10.255.255.1", 7_001)); // itself: it is not called
    open.add(GrpcTransport.open(settings(2).with(PlainText.ANYWHERE).with(List.of(elsewhere))));
  }

  @Test
  void nameThatIsFoundElsewhere_isNotCalledWithoutTls() throws Exception {
    InetSocketAddress elsewhere = InetSocketAddress.createUnresolved("10.255.255.1", 7_001);
    try (Caller caller = new Caller(elsewhere, Optional.empty(), new Metadata())) {
      assertThat(caller.ended().status().getCause()).isInstanceOf(InsecurePeerException.class);
    }
  }

  @Test
  void sessionThatEndsAtOnce_isNotOpenedAgainWithoutAPause() throws Exception {
    Wiring other =
        new Wiring("other", new Wiring.Security(Optional.empty(), null, PlainText.LOOPBACK));
    open.add(other);
    ServerServiceDefinition service =
        ServerServiceDefinition.builder("khonsu.Peer")
            .addMethod(
                Handshake.FRAMES,
                (call, _) -> {
                  call.sendHeaders(new Metadata()); // let in, and hung up on
                  call.close(Status.ABORTED, new Metadata());
                  return new ServerCall.Listener<>() {};
                })
            .build();
    ConnectionGate gate = new ConnectionGate(ConnectionGate.Limits.USUAL, other);
    Server server = other.listen(at(1), ClientAuth.NONE, 1 << 20, service, gate);
    open.add(() -> Closing.await(server.shutdownNow()::awaitTermination));
    long start = System.nanoTime();
    GrpcTransport two = start(settings(2, 1));
    Waiting.until("many sessions", () -> link(two, 1).sessions() >= 8);
    long tookMillis = (System.nanoTime() - start) / 1_000_000;
    // Seven waits take 1,130 ms at least, unless a session lived for a second.
    assertThat(tookMillis).isGreaterThanOrEqualTo(1_000);
  }

  @Test
  void whatTheOtherSideSays_isOneLine() {
    assertThat(OutgoingLink.printable("a\nb\u001b[2J\u2028\u202ec\ud800é"))
        .isEqualTo("a\\u000ab\\u001b[2J\\u2028\\u202ec\\ud800é");
    assertThat(OutgoingLink.printable("x".repeat(10_000))).hasSize(500);
  }

  @Test
  void portInUse_isNamed() throws Exception {
    start(settings(1, 2));
    assertThatThrownBy(() -> GrpcTransport.open(settings(1, 2)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(Integer.toString(at(1).getPort()));
  }

  @Test
  void settings_areChecked() {
    assertThatThrownBy(() -> settings(1, 2, 2)).hasMessageContaining("twice");
    assertThatThrownBy(() -> PeerAddress.of(0, "x", 1)).hasMessageContaining("positive");
    assertThatThrownBy(() -> PeerAddress.of(1, " ", 1)).hasMessageContaining("host and port");
    assertThatThrownBy(() -> PeerAddress.of(1, "x", 0)).hasMessageContaining("host and port");
    assertThatThrownBy(() -> PeerAddress.of(1, "a_b", 1)).hasMessageContaining("host and port");
    assertThat(PeerAddress.of(1, "::1", 1).host()).isEqualTo("::1");
    assertThatThrownBy(() -> new PeerSettings.Self(0, 0)).hasMessageContaining("positive");
    assertThatThrownBy(() -> new PeerSettings.Limits(10, 9)).hasMessageContaining("queueBytesMax");
  }
}
