package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.ClientNetwork;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Frames of HTTP/2 that no library sends, at a node's port for clients: others are still served.
 */
@Timeout(120)
class HostileClientTest {
  private static final int FLOOD = 2_000;
  private static final int CALLS_PER_CONNECTION = 64;
  private static final String RESOURCE_EXHAUSTED = "8";
  private static final String DEADLINE_EXCEEDED = "4";
  private static final String UNIMPLEMENTED = "12";
  private static final String OK = "0";

  private final List<AutoCloseable> open = new ArrayList<>();
  private final AtomicInteger asked = new AtomicInteger();
  private ClientListener listener;
  private InetSocketAddress at;

  @BeforeEach
  void listen() throws IOException {
    var limits = new ClientSettings.Limits(1 << 16, 256, 1 << 20, Duration.ofMillis(500));
    listener =
        ClientListener.open(
            new ClientSettings(7, FreePorts.next(), Optional.empty(), PlainText.LOOPBACK, limits),
            question -> {
              asked.incrementAndGet();
              return question;
            });
    open.add(listener);
    at = listener.address();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private RawHttp2 stranger() throws IOException {
    RawHttp2 stranger = RawHttp2.client(at);
    open.add(stranger);
    return stranger;
  }

  /** Whatever became of the stranger, somebody else is served, and nothing of him is held. */
  private void othersAreServed() throws Exception {
    int before = asked.get();
    try (ClientNetwork.Nodes nodes =
        new GrpcClientNetwork()
            .open(List.of(new ClientNetwork.Address(at.getHostString(), at.getPort())), Map.of())) {
      assertThat(nodes.ask(0, new byte[1 << 15], Duration.ofMinutes(1))).hasSize(1 << 15);
    }
    assertThat(asked.get()).isEqualTo(before + 1);
  }

  @Test
  void rightFrames_areAnswered() throws Exception {
    RawHttp2 client = stranger();
    client.call(1);
    client.frame(
        RawHttp2.DATA, RawHttp2.END_STREAM, 1, RawHttp2.message(false, 2, (byte) 8, (byte) 9));
    assertThat(client.end(1)).containsEntry("grpc-status", OK);
    assertThat(asked.get()).isEqualTo(1);
  }

  @Test
  void frameOf16MiB_isRefused() throws Exception {
    RawHttp2 stranger = stranger();
    stranger.header(0xffffff, RawHttp2.DATA, 0, 1);
    assertThat(stranger.farewell()).isEqualTo(RawHttp2.FRAME_SIZE_ERROR);
    othersAreServed();
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MAX_VALUE, 65_537, -1, Integer.MIN_VALUE})
  void messageThatSaysItIsLarge_isRefused_beforeItComes(int length) throws Exception {
    RawHttp2 stranger = stranger();
    stranger.call(1);
    stranger.frame(RawHttp2.DATA, 0, 1, RawHttp2.message(false, length));
    Map<String, String> end = stranger.end(1);
    if (length > 0) {
      assertThat(end).containsEntry("grpc-status", RESOURCE_EXHAUSTED);
      assertThat(end.get("grpc-message")).contains("" + length, "65536");
    } else {
      assertThat(end.get("grpc-status")).isNotNull().isNotEqualTo(OK);
    }
    assertThat(asked.get()).isZero();
    othersAreServed();
  }

  @Test
  void headersAbove8KiB_areRefused() throws Exception {
    RawHttp2 stranger = stranger();
    byte[] block = stranger.block("large", "x".repeat(15_000));
    stranger.frame(RawHttp2.HEADERS, RawHttp2.END_HEADERS | RawHttp2.END_STREAM, 1, block);
    assertThat(stranger.end(1).get("grpc-status")).isNotEqualTo(OK);
    assertThat(asked.get()).isZero();
    othersAreServed();
  }

  @Test
  void headersWithoutEnd_endTheConnection() throws Exception {
    RawHttp2 stranger = stranger();
    byte[] block = stranger.block();
    stranger.frame(RawHttp2.HEADERS, 0, 1, block);
    assertThat(flood(stranger, () -> stranger.frame(RawHttp2.CONTINUATION, 0, 1, stranger.block())))
        .isNotNull();
    assertThat(asked.get()).isZero();
    othersAreServed();
  }

  /** Sends something. */
  private interface Sending {
    void send() throws IOException;
  }

  /** {@return the code of the farewell after a flood, or null if there was none} */
  private static @Nullable Integer flood(RawHttp2 stranger, Sending sending) throws IOException {
    try {
      for (int i = 0; i < FLOOD; i++) {
        sending.send();
      }
    } catch (IOException _) {
      // It has been hung up on already; the farewell may still be there.
    }
    return stranger.farewell();
  }

  @Test
  void callsThatAreResetAtOnce_endTheConnection() throws Exception {
    RawHttp2 stranger = stranger();
    AtomicInteger next = new AtomicInteger(1);
    Integer code =
        flood(
            stranger,
            () -> {
              int stream = next.getAndAdd(2);
              stranger.call(stream);
              stranger.frame(RawHttp2.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
            });
    assertThat(code).isEqualTo(RawHttp2.ENHANCE_YOUR_CALM);
    othersAreServed();
  }

  @Test
  void pings_endTheConnection() throws Exception {
    RawHttp2 stranger = stranger();
    Integer code = flood(stranger, () -> stranger.frame(RawHttp2.PING, 0, 0, new byte[8]));
    assertThat(code).isEqualTo(RawHttp2.ENHANCE_YOUR_CALM);
    othersAreServed();
  }

  /** Each is acknowledged, and nothing more; who asks nothing is hung up on after a while. */
  @Test
  void settings_areAcknowledged_andTheirSenderIsHungUpOn() throws Exception {
    RawHttp2 stranger = stranger();
    for (int i = 0; i < FLOOD; i++) {
      stranger.frame(RawHttp2.SETTINGS, 0, 0, new byte[] {0, 3, 0, 0, 0, (byte) i});
    }
    othersAreServed();
    Set<Integer> types = new HashSet<>();
    int acknowledged = 0;
    for (RawHttp2.Frame frame = stranger.next(); frame != null; frame = stranger.next()) {
      types.add(frame.type());
      acknowledged += frame.type() == RawHttp2.SETTINGS && frame.flags() == RawHttp2.ACK ? 1 : 0;
    }
    assertThat(acknowledged).isLessThanOrEqualTo(FLOOD + 1);
    assertThat(types).doesNotContain(RawHttp2.HEADERS, RawHttp2.DATA);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 5, 50})
  void partOfAQuestion_endsAfterAWhile(int length) throws Exception {
    RawHttp2 stranger = stranger();
    stranger.call(1);
    byte[] message = RawHttp2.message(false, 100, new byte[45]);
    byte[] part = new byte[length];
    System.arraycopy(message, 0, part, 0, length);
    stranger.frame(RawHttp2.DATA, 0, 1, part);
    Map<String, String> end = stranger.end(1);
    assertThat(end).containsEntry("grpc-status", DEADLINE_EXCEEDED);
    assertThat(end).containsEntry(ClientListener.NOT_ASKED.name(), "true");
    assertThat(asked.get()).isZero();
    othersAreServed();
  }

  @Test
  void partOfAQuestion_thatEnds_isRefused() throws Exception {
    RawHttp2 stranger = stranger();
    stranger.call(1);
    byte[] message = RawHttp2.message(false, 100, new byte[45]);
    stranger.frame(RawHttp2.DATA, RawHttp2.END_STREAM, 1, message);
    assertThat(stranger.end(1).get("grpc-status")).isNotNull().isNotEqualTo(OK);
    assertThat(asked.get()).isZero();
    othersAreServed();
  }

  @Test
  void moreCallsThanAConnectionMayHave_areRefused() throws Exception {
    RawHttp2 stranger = stranger();
    for (int i = 0; i <= CALLS_PER_CONNECTION; i++) {
      stranger.call(2 * i + 1);
    }
    assertThat(stranger.end(2 * CALLS_PER_CONNECTION + 1))
        .containsEntry("rst", "" + RawHttp2.REFUSED_STREAM);
    othersAreServed();
  }

  @Test
  void connectionsWithoutEnd_makeRoomForWhoAsks() throws Exception {
    for (int i = 0; i < 3 * ConnectionGate.Limits.USUAL.count(); i++) {
      open.add(RawHttp2.client(at, "127.0.0." + (i % 200 + 1)));
    }
    othersAreServed();
    for (int i = 0; i < 2 * ConnectionGate.Limits.USUAL.countPerAddress(); i++) {
      stranger();
    }
    othersAreServed();
  }

  @Test
  void compressedQuestions_areRefused_andNotInflated() throws Exception {
    RawHttp2 stranger = stranger();
    stranger.call(1, "grpc-encoding", "gzip");
    stranger.frame(
        RawHttp2.DATA, RawHttp2.END_STREAM, 1, RawHttp2.message(true, 2, (byte) 1, (byte) 2));
    assertThat(stranger.end(1)).containsEntry("grpc-status", UNIMPLEMENTED);
    stranger.call(3); // says that it is compressed, and not how
    stranger.frame(
        RawHttp2.DATA, RawHttp2.END_STREAM, 3, RawHttp2.message(true, 2, (byte) 1, (byte) 2));
    assertThat(stranger.end(3).get("grpc-status")).isNotNull().isNotEqualTo(OK);
    assertThat(asked.get()).isZero();
    othersAreServed();
  }
}
