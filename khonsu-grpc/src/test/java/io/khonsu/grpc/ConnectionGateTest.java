package io.khonsu.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.khonsu.grpc.proto.Hello;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who connects and says nothing, and who does that often. */
class ConnectionGateTest {
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Duration LONG = Duration.ofHours(1);

  private static final int FRAME_HEADER_BYTES = 9;
  private static final int GO_AWAY_FRAME = 7;

  /** With what HTTP/2 begins: it has no settings. */
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(US_ASCII);

  private final InetSocketAddress listen = FreePorts.next();
  private final List<AutoCloseable> open = new ArrayList<>();
  private Wiring wiring;

  @SuppressWarnings("NullAway.Init") // listen() sets it
  private IncomingSessions sessions;

  @BeforeEach
  void start() throws IOException {
    wiring =
        new Wiring("khonsu-gate", new Wiring.Security(Optional.empty(), null, PlainText.LOOPBACK));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
    wiring.close();
  }

  private ConnectionGate listen(ConnectionGate.Limits limits) throws IOException {
    ConnectionGate gate = new ConnectionGate(limits, wiring);
    Map<Long, PeerAddress> peers = new ConcurrentHashMap<>();
    peers.put(2L, PeerAddress.of(2, "127.0.0.1", 1));
    Handshake handshake = new Handshake(1, new PeerSettings.Self(1, 0), 1 << 20, false);
    sessions = new IncomingSessions(handshake, peers, wiring, gate);
    sessions.start(new Recorder());
    Server server = wiring.listen(listen, ClientAuth.NONE, 1 << 20, sessions.service(), gate);
    open.add(() -> Closing.await(server.shutdownNow()::awaitTermination));
    return gate;
  }

  private Socket connect(String from) throws IOException {
    Socket socket = new Socket();
    open.add(socket);
    socket.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
    socket.connect(listen);
    return socket;
  }

  private Caller caller() throws IOException {
    Hello hello =
        Hello.newBuilder()
            .setProtocolVersion(Handshake.PROTOCOL_VERSION)
            .setClusterId(1)
            .setFrom(2)
            .setTo(1)
            .build();
    Caller caller = new Caller(listen, Optional.empty(), Handshake.headers(hello));
    open.add(caller);
    return caller;
  }

  @Test
  void silentConnection_isHungUpOn_andCounted() throws Exception {
    ConnectionGate gate = listen(new ConnectionGate.Limits(8, 8, SHORT));
    assertThat(GrpcTransportTest.isHungUpOn(connect("127.0.0.1"))).isTrue();
    assertThat(gate.hangUps()).isEqualTo(1);
    assertThat(sessions.refusals()).containsExactly(Map.entry(Refusal.NO_HELLO, 1L));
  }

  /** A farewell would be waited for, for many seconds, by a connection that does not count. */
  @Test
  void hangingUp_waitsForNothing() throws Exception {
    listen(new ConnectionGate.Limits(8, 1, LONG));
    for (byte[] said : List.of(new byte[0], PREFACE)) {
      Socket stranger = connect("127.0.0.1");
      stranger.getOutputStream().write(said);
      assertThat(frameTypes(stranger.getInputStream(), 1)).hasSize(1); // it is served
      connect("127.0.0.1");
      assertThat(frameTypes(stranger.getInputStream(), Integer.MAX_VALUE))
          .doesNotContain(GO_AWAY_FRAME);
    }
  }

  /** {@return the types of so many HTTP/2 frames, or of all until the end} */
  private static List<Integer> frameTypes(InputStream in, int countMax) {
    List<Integer> types = new ArrayList<>();
    try {
      DataInputStream frames = new DataInputStream(in);
      while (types.size() < countMax) {
        int header = frames.readInt();
        types.add(header & 0xff);
        frames.readFully(new byte[(header >>> 8) + FRAME_HEADER_BYTES - Integer.BYTES]);
      }
    } catch (IOException _) {
      // It was hung up on.
    }
    return types;
  }

  @Test
  void oneAddressThatFloods_losesItsOldestConnections_andNobodyElse() throws Exception {
    ConnectionGate gate = listen(new ConnectionGate.Limits(8, 3, LONG));
    connect("127.0.0.2");
    connect("127.0.0.2");
    List<Socket> flood = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      flood.add(connect("127.0.0.1"));
    }
    for (Socket oldest : flood.subList(0, 17)) {
      assertThat(GrpcTransportTest.isHungUpOn(oldest)).isTrue();
    }
    Waiting.until("all have arrived", () -> gate.hangUps() == 17);
    Caller node = caller();
    assertThat(node.isLetIn()).isTrue();
    assertThat(gate.hangUps()).isEqualTo(18); // the node was of the flood's address
  }

  @Test
  void manyAddressesThatFlood_loseTheirOldestConnections_andNodesStay() throws Exception {
    ConnectionGate gate = listen(new ConnectionGate.Limits(8, 3, LONG));
    Caller node = caller();
    assertThat(node.isLetIn()).isTrue();
    List<Socket> flood = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      flood.add(connect("127.0.1." + (i + 1)));
    }
    for (Socket oldest : flood.subList(0, 22)) {
      assertThat(GrpcTransportTest.isHungUpOn(oldest)).isTrue();
    }
    Waiting.until("all have arrived", () -> gate.hangUps() == 22);
    Caller newer = caller();
    assertThat(newer.isLetIn()).isTrue();
    assertThat(node.ended().status().getCode()).isEqualTo(Status.Code.ABORTED);
  }

  @Test
  void connectionWhoseSessionEnded_isAStrangersAgain() throws Exception {
    ConnectionGate gate = listen(new ConnectionGate.Limits(1, 1, LONG));
    Caller node = caller();
    assertThat(node.isLetIn()).isTrue();
    node.halfClose();
    assertThat(node.ended().status().isOk()).isTrue();
    connect("127.0.0.2");
    Waiting.until("it makes room", () -> gate.hangUps() == 1);
  }

  @Test
  void nodes_getIn_whileOthersFlood() throws Exception {
    InetSocketAddress second = FreePorts.next();
    PeerAddress one = PeerAddress.of(1, listen.getHostString(), listen.getPort());
    PeerAddress two = PeerAddress.of(2, second.getHostString(), second.getPort());
    PeerSettings settings = PeerSettings.of(1, 1, listen).with(List.of(two));
    try (GrpcTransport first = GrpcTransport.open(settings)) {
      first.start(new Recorder());
      for (int i = 0; i < 3 * ConnectionGate.Limits.USUAL.count(); i++) {
        connect("127.0.0." + (i % 200 + 1));
      }
      try (GrpcTransport other =
          GrpcTransport.open(PeerSettings.of(1, 2, second).with(List.of(one)))) {
        other.start(new Recorder());
        for (int i = 0; i < ConnectionGate.Limits.USUAL.countPerAddress(); i++) {
          connect("127.0.0.1");
        }
        Waiting.until("the node is in", () -> other.links().getFirst().isConnected());
      }
      assertThat(first.refusals().get(Refusal.NO_HELLO)).isPositive();
    }
  }
}
