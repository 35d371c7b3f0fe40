package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Frames of HTTP/2 that no library sends, at a node's port for other nodes: those still get in. */
@Timeout(120)
class HostilePeerTest {
  private static final int FLOOD = 2_000;

  private final InetSocketAddress[] at = {FreePorts.next(), FreePorts.next()};
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Recorder told = new Recorder();

  @BeforeEach
  void listen() throws IOException {
    start(1, 2, told);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private GrpcTransport start(int node, int other, Recorder recorder) throws IOException {
    InetSocketAddress peer = at[other - 1];
    PeerAddress address = PeerAddress.of(other, peer.getHostString(), peer.getPort());
    GrpcTransport transport =
        GrpcTransport.open(PeerSettings.of(42, node, at[node - 1]).with(List.of(address)));
    open.add(transport);
    transport.start(recorder);
    return transport;
  }

  private RawHttp2 stranger() throws IOException {
    RawHttp2 stranger = RawHttp2.node(at[0]);
    open.add(stranger);
    return stranger;
  }

  private void nodeGetsIn() throws IOException {
    assertThat(told.frames()).isEmpty();
    GrpcTransport node = start(2, 1, new Recorder());
    Waiting.until("the node is in", () -> node.links().getFirst().isConnected());
    node.send(1, new byte[] {1});
    Waiting.until("its frame is there", () -> told.frames().size() == 1);
  }

  @Test
  void messageThatSaysItHas2GB_withoutAHello_isRefused() throws Exception {
    RawHttp2 stranger = stranger();
    stranger.call(1);
    stranger.frame(RawHttp2.DATA, 0, 1, RawHttp2.message(false, Integer.MAX_VALUE));
    assertThat(stranger.end(1).get("grpc-status")).isNotEqualTo("0");
    nodeGetsIn();
  }

  @Test
  void headersAbove8KiB_areRefused() throws Exception {
    RawHttp2 stranger = stranger();
    stranger.call(1, "large", "x".repeat(15_000));
    assertThat(stranger.end(1).get("grpc-status")).isNotEqualTo("0");
    nodeGetsIn();
  }

  @Test
  void callsThatAreResetAtOnce_endTheConnection() throws Exception {
    RawHttp2 stranger = stranger();
    try {
      for (int stream = 1; stream < 2 * FLOOD; stream += 2) {
        stranger.call(stream);
        stranger.frame(RawHttp2.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
      }
    } catch (IOException _) {
      // It has been hung up on already.
    }
    assertThat(stranger.isHungUpOn()).isTrue();
    nodeGetsIn();
  }

  @Test
  void pings_endTheConnection() throws Exception {
    RawHttp2 stranger = stranger();
    try {
      for (int i = 0; i < FLOOD; i++) {
        stranger.frame(RawHttp2.PING, 0, 0, new byte[8]);
      }
    } catch (IOException _) {
      // It has been hung up on already.
    }
    assertThat(stranger.isHungUpOn()).isTrue();
    nodeGetsIn();
  }

  @Test
  void settings_andSilence_endTheConnection() throws Exception {
    RawHttp2 stranger = stranger();
    for (int i = 0; i < FLOOD; i++) {
      stranger.frame(RawHttp2.SETTINGS, 0, 0, new byte[] {0, 3, 0, 0, 0, (byte) i});
    }
    assertThat(stranger.isHungUpOn()).isTrue();
    nodeGetsIn();
  }
}
