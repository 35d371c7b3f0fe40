package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.khonsu.spi.ClientNetwork;
import io.khonsu.spi.ClientService;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What strangers and careless clients meet at a node's port for clients. */
@Timeout(120)
class ClientListenerTest {
  private static final Duration LONG = Duration.ofMinutes(2);

  private final List<AutoCloseable> open = new ArrayList<>();

  @TempDir private Path directory;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private static byte[] echo(byte[] question) {
    return question;
  }

  private ClientListener listen(
      ClientSettings.Limits limits, Optional<TlsFiles> tls, ClientService door) throws IOException {
    ClientListener listener =
        ClientListener.open(
            new ClientSettings(7, FreePorts.next(), tls, PlainText.LOOPBACK, limits), door);
    open.add(listener);
    return listener;
  }

  private ClientListener listen(ClientService door) throws IOException {
    return listen(ClientSettings.Limits.defaults(), Optional.empty(), door);
  }

  private ClientNetwork.Nodes connect(ClientListener listener, Map<String, String> settings)
      throws IOException {
    InetSocketAddress at = listener.address();
    ClientNetwork.Nodes nodes =
        new GrpcClientNetwork()
            .open(List.of(new ClientNetwork.Address(at.getHostString(), at.getPort())), settings);
    open.add(nodes);
    return nodes;
  }

  private static Map<String, String> files(TlsFiles files) {
    return Map.of(
        "tls.certificate", files.certificate().toString(),
        "tls.key", files.key().toString(),
        "tls.authorities", files.authorities().toString());
  }

  /** {@return how a call ends that somebody makes by hand} */
  private Status call(ClientListener listener, boolean isEnded, byte[]... messages)
      throws IOException {
    Wiring wiring =
        new Wiring("stranger", new Wiring.Security(Optional.empty(), null, PlainText.LOOPBACK));
    InetSocketAddress at = listener.address();
    ManagedChannel channel = wiring.channel(at.getHostString(), at.getPort(), 1 << 20);
    open.add(wiring);
    open.add(channel::shutdownNow);
    CompletableFuture<Status> ended = new CompletableFuture<>();
    // As one message of several, which is sent at once, and not when the call ends.
    var method = ClientListener.ASK.toBuilder().setType(MethodType.BIDI_STREAMING).build();
    ClientCall<byte[], byte[]> call = channel.newCall(method, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        new Metadata());
    call.request(2);
    for (byte[] message : messages) {
      call.sendMessage(message);
    }
    if (isEnded) {
      call.halfClose();
    }
    return ended.join();
  }

  @Test
  void questions_areAnswered() throws Exception {
    ClientNetwork.Nodes nodes = connect(listen(ClientListenerTest::echo), Map.of());
    byte[] large = new byte[3 << 20];
    Arrays.fill(large, (byte) 7);
    assertThat(nodes.ask(0, large, LONG)).isEqualTo(large);
    assertThat(nodes.ask(0, new byte[0], LONG)).isEmpty();
  }

  @Test
  void questionThatIsTooLarge_isRefused_withBothNumbers() throws Exception {
    var limits = new ClientSettings.Limits(1 << 16, 8, 1 << 20, Duration.ofSeconds(5));
    ClientNetwork.Nodes nodes =
        connect(listen(limits, Optional.empty(), ClientListenerTest::echo), Map.of());
    assertThatThrownBy(() -> nodes.ask(0, new byte[1 << 17], LONG))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("RESOURCE_EXHAUSTED")
        .hasMessageContaining("65536")
        .hasMessageContaining("131072");
    assertThat(nodes.ask(0, new byte[10], LONG)).hasSize(10);
  }

  @Test
  void moreQuestionsThanAllowed_areRefused_andThereIsRoomAgain() throws Exception {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    CountDownLatch areThere = new CountDownLatch(2);
    var limits = new ClientSettings.Limits(1 << 16, 2, 1 << 20, Duration.ofSeconds(5));
    ClientListener listener =
        listen(
            limits,
            Optional.empty(),
            question -> {
              areThere.countDown();
              try {
                mayGoOn.await();
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
              return question;
            });
    ClientNetwork.Nodes nodes = connect(listener, Map.of());
    List<CompletableFuture<byte[]>> waiting = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      CompletableFuture<byte[]> answer = new CompletableFuture<>();
      waiting.add(answer);
      Thread.ofVirtual()
          .start(() -> {
            try {
              answer.complete(nodes.ask(0, new byte[1], LONG));
            } catch (IOException | InterruptedException e) {
              answer.completeExceptionally(e);
            }
          });
    }
    areThere.await();
    for (int i = 0; i < 1_000; i++) {
      assertThatThrownBy(() -> nodes.ask(0, new byte[1], LONG))
          .hasMessageContaining("RESOURCE_EXHAUSTED")
          .hasMessageContaining("more than 2 questions");
    }
    mayGoOn.countDown();
    assertThat(waiting).allMatch(answer -> answer.join().length == 1);
    Waiting.until("room again", () -> asks(nodes));
    assertThat(listener.refusals()).isGreaterThanOrEqualTo(1_000);
  }

  private static boolean asks(ClientNetwork.Nodes nodes) {
    return asks(nodes, 1);
  }

  private static boolean asks(ClientNetwork.Nodes nodes, int sizeBytes) {
    try {
      return nodes.ask(0, new byte[sizeBytes], LONG).length == sizeBytes;
    } catch (IOException _) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void callsThatAreNoQuestions_areRefused() throws Exception {
    var limits = new ClientSettings.Limits(1 << 16, 4, 1 << 20, Duration.ofMillis(300));
    ClientListener listener = listen(limits, Optional.empty(), ClientListenerTest::echo);
    assertThat(call(listener, true).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(call(listener, true, new byte[1], new byte[1]).isOk()).isFalse();
    assertThat(call(listener, false, new byte[1]).getCode())
        .isEqualTo(Status.Code.DEADLINE_EXCEEDED); // half a question, and no end
    assertThat(asks(connect(listener, Map.of()))).isTrue();
  }

  /** What is here of questions counts, long before they are whole. */
  @Test
  void partsOfQuestions_takeRoom_andGiveItBack() throws Exception {
    var limits = new ClientSettings.Limits(1 << 16, 8, 1 << 16, LONG);
    ClientListener listener = listen(limits, Optional.empty(), ClientListenerTest::echo);
    try (Socket socket = new Socket()) {
      socket.connect(listener.address());
      OutputStream out = socket.getOutputStream();
      out.write(Http2.BEGINNING);
      out.write(Http2.partOfQuestion(1, 60_000, 16_000));
      out.write(Http2.partOfQuestion(3, 60_000, 16_000));
      out.write(Http2.partOfQuestion(5, 60_000, 16_000));
      ClientNetwork.Nodes nodes = connect(listener, Map.of());
      Waiting.until("room for little", () -> asks(nodes));
      assertThat(listener.refusals()).isZero();
      out.write(Http2.data(1, 16_000));
      out.write(Http2.partOfQuestion(7, 60_000, 16_000));
      Waiting.until("a refusal", () -> listener.refusals() > 0);
    }
    ClientNetwork.Nodes nodes = connect(listener, Map.of());
    Waiting.until("all the room again", () -> asks(nodes, 30_000));
  }

  /** Frames of HTTP/2, made by hand. */
  private static final class Http2 {
    private static final byte[] BEGINNING =
        concat(
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
            frame(4, 0, 0, new byte[0]));

    /** {@return a call, and the beginning of its message} */
    private static byte[] partOfQuestion(int stream, int sizeBytes, int partBytes) {
      byte[] message = new byte[5 + partBytes];
      ByteBuffer.wrap(message).put((byte) 0).putInt(sizeBytes);
      return concat(frame(1, 4, stream, headers()), frame(0, 0, stream, message));
    }

    private static byte[] data(int stream, int sizeBytes) {
      return frame(0, 0, stream, new byte[sizeBytes]);
    }

    private static byte[] headers() {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      Map<String, String> headers = new LinkedHashMap<>();
      headers.put(":method", "POST");
      headers.put(":scheme", "http");
      headers.put(":path", "/khonsu.Client/Ask");
      headers.put(":authority", "localhost");
      headers.put("content-type", "application/grpc");
      headers.put("te", "trailers");
      headers.forEach((name, value) -> {
        out.write(0); // not indexed, with a new name
        for (String text : List.of(name, value)) {
          out.write(text.length());
          out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        }
      });
      return out.toByteArray();
    }

    private static byte[] frame(int type, int flags, int stream, byte[] body) {
      return ByteBuffer.allocate(9 + body.length)
          .put((byte) (body.length >>> 16))
          .putShort((short) body.length)
          .put((byte) type)
          .put((byte) flags)
          .putInt(stream)
          .put(body)
          .array();
    }
  }

  @Test
  void doorThatFails_isSaidToBeOurFault_andHoldsNothing() throws Exception {
    var limits = new ClientSettings.Limits(1 << 16, 2, 1 << 20, Duration.ofSeconds(5));
    ClientListener listener =
        listen(
            limits,
            Optional.empty(),
            _ -> {
              throw new IllegalStateException("on purpose");
            });
    ClientNetwork.Nodes nodes = connect(listener, Map.of());
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> nodes.ask(0, new byte[1], LONG)).hasMessageContaining("INTERNAL");
    }
  }

  @Test
  void bytesThatAreNoHttp2_endTheConnection_andNothingElse() throws Exception {
    ClientListener listener = listen(ClientListenerTest::echo);
    byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 30; i++) {
      byte[] garbage = new byte[random.nextInt(1, 2_000)];
      random.nextBytes(garbage);
      byte[] sent =
          switch (i % 3) {
            case 0 -> "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
            case 1 -> garbage;
            default -> concat(preface, garbage);
          };
      try (Socket socket = new Socket()) {
        socket.connect(listener.address());
        socket.getOutputStream().write(sent);
        socket.shutdownOutput();
        assertThat(readToEnd(socket)).as("seed " + seed).isTrue();
      }
    }
    assertThat(asks(connect(listener, Map.of()))).isTrue();
  }

  private static boolean readToEnd(Socket socket) {
    try {
      var _ = socket.getInputStream().readAllBytes();
    } catch (IOException _) {
      // it may be reset as well
    }
    return true;
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  @Test
  void certificates_tellClientsFromNodes() throws Exception {
    TestCertificates authority = new TestCertificates(directory.resolve("one"));
    TlsFiles node = authority.signed("node", "khonsu://7/node/1");
    TlsFiles client = authority.signed("client", "khonsu://7/client/alice");
    TlsFiles foreign = authority.signed("foreign", "khonsu://8/client/alice");
    ClientListener listener =
        listen(ClientSettings.Limits.defaults(), Optional.of(node), ClientListenerTest::echo);
    assertThat(connect(listener, files(client)).ask(0, new byte[1], LONG)).hasSize(1);
    for (TlsFiles other : List.of(node, foreign)) {
      assertThatThrownBy(() -> connect(listener, files(other)).ask(0, new byte[1], LONG))
          .hasMessageContaining("PERMISSION_DENIED")
          .hasMessageContaining("khonsu://7/client/");
    }
    assertThatThrownBy(() -> connect(listener, Map.of()).ask(0, new byte[1], LONG))
        .isInstanceOf(IOException.class);
    TlsFiles stranger =
        new TestCertificates(directory.resolve("two")).signed("x", "khonsu://7/client/alice");
    assertThatThrownBy(() -> connect(listener, files(stranger)).ask(0, new byte[1], LONG))
        .isInstanceOf(IOException.class);
    ClientListener impostor =
        listen(ClientSettings.Limits.defaults(), Optional.of(client), ClientListenerTest::echo);
    assertThatThrownBy(() -> connect(impostor, files(client)).ask(0, new byte[1], LONG))
        .hasMessageContaining("not that of a node");
  }

  @Test
  void listenerThatOthersReach_needsTls() {
    InetSocketAddress anywhere = new InetSocketAddress("0.0.0.0", FreePorts.next().getPort());
    assertThatThrownBy(
            () -> ClientListener.open(ClientSettings.of(7, anywhere), ClientListenerTest::echo))
        .isInstanceOf(InsecureListenerException.class);
  }

  @Test
  void settingsOfAConnection_thatAreUnknownOrNotWhole_areRefused() {
    var node = List.of(new ClientNetwork.Address("127.0.0.1", 1));
    assertThatThrownBy(() -> new GrpcClientNetwork().open(node, Map.of("tls", "on")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[tls]");
    assertThatThrownBy(() -> new GrpcClientNetwork().open(node, Map.of("tls.key", "a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("all three");
  }
}
