package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.khonsu.grpc.proto.Hello;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is let in, and who is trusted, with certificates. */
class GrpcTransportTlsTest {
  private static final long CLUSTER = 42;

  @TempDir private static Path directory;
  private static TlsFiles first;
  private static TlsFiles second;
  private static TlsFiles stranger;

  private final InetSocketAddress[] at = {FreePorts.next(), FreePorts.next()};
  private final Recorder[] told = {new Recorder(), new Recorder()};
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final List<GrpcTransport> open = new ArrayList<>();

  @BeforeAll
  static void makeCertificates() throws Exception {
    TestCertificates ours = new TestCertificates(directory.resolve("ours"));
    first = ours.signed("first", TlsFiles.nodeUri(CLUSTER, 1));
    second = ours.signed("second", TlsFiles.nodeUri(CLUSTER, 2));
    TestCertificates others = new TestCertificates(directory.resolve("others"));
    stranger = others.signed("stranger", TlsFiles.nodeUri(CLUSTER, 2));
  }

  @AfterEach
  void close() {
    open.forEach(GrpcTransport::close);
    timer.shutdownNow();
  }

  private GrpcTransport start(long node, TlsFiles files) throws IOException {
    long other = 3 - node;
    InetSocketAddress there = at[(int) other - 1];
    PeerAddress peer = PeerAddress.of(other, there.getHostString(), there.getPort());
    GrpcTransport transport =
        GrpcTransport.open(
            PeerSettings.of(CLUSTER, node, at[(int) node - 1]).with(List.of(peer)).with(files));
    open.add(transport);
    transport.start(told[(int) node - 1]);
    return transport;
  }

  private static LinkStatus link(GrpcTransport transport) {
    return transport.links().getFirst();
  }

  private static void awaitRefusal(GrpcTransport transport, Refusal refusal) {
    Waiting.until("refused", () -> link(transport).refusal().equals(Optional.of(refusal)));
  }

  private TlsIdentity identity(TlsFiles files) throws IOException {
    return new TlsIdentity(files, timer);
  }

  /** {@return what trusts an authority's servers, whatever they are called} */
  private static TrustManager trust(TlsFiles files) throws Exception {
    AdvancedTlsX509TrustManager trust =
        AdvancedTlsX509TrustManager.newBuilder()
            .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
            .build();
    trust.updateTrustCredentials(files.authorities().toFile());
    return trust;
  }

  /** {@return how a call ends that says it is node 2} */
  private Status call(ChannelCredentials credentials) {
    ManagedChannel channel =
        Grpc.newChannelBuilderForAddress("127.0.0.1", at[0].getPort(), credentials)
            .overrideAuthority("localhost")
            .build();
    try {
      CompletableFuture<Status> ended = new CompletableFuture<>();
      channel
          .newCall(Handshake.FRAMES, CallOptions.DEFAULT)
          .start(
              new ClientCall.Listener<>() {
                @Override
                public void onClose(Status status, Metadata trailers) {
                  ended.complete(status);
                }
              },
              Handshake.headers(
                  Hello.newBuilder()
                      .setProtocolVersion(Handshake.PROTOCOL_VERSION)
                      .setClusterId(CLUSTER)
                      .setFrom(2)
                      .setTo(1)
                      .build()));
      return ended.join();
    } finally {
      channel.shutdownNow();
      Closing.await(channel::awaitTermination);
    }
  }

  @Test
  void nodesWithTheirCertificates_talk() throws Exception {
    GrpcTransport one = start(1, first);
    GrpcTransport two = start(2, second);
    Waiting.until("connected", () -> link(one).isConnected() && link(two).isConnected());
    byte[] frame = new byte[3 << 20];
    one.send(2, frame);
    two.send(1, new byte[] {7});
    Waiting.until("arrived", () -> told[1].frames().size() == 1 && told[0].frames().size() == 1);
    assertThat(told[1].frames().getFirst()).isEqualTo(frame);
    assertThat(told[0].frames().getFirst()).containsExactly(7);
  }

  @Test
  void certificateOfAnotherNode_isRefusedOnBothSides() throws Exception {
    GrpcTransport one = start(1, first);
    GrpcTransport two = start(2, first); // it is node 2, and shows node 1's
    awaitRefusal(two, Refusal.OTHER_CERTIFICATE);
    awaitRefusal(one, Refusal.OTHER_CERTIFICATE);
    assertThat(one.refusals()).containsKey(Refusal.OTHER_CERTIFICATE);
    assertThat(told[0].told()).isEmpty();
  }

  @Test
  void certificateOfAnotherAuthority_isNotTrusted() throws Exception {
    GrpcTransport one = start(1, first);
    GrpcTransport two = start(2, stranger);
    // It trusts the node that it calls, so that it is the node which hangs up.
    TlsFiles caller = new TlsFiles(stranger.certificate(), stranger.key(), first.authorities());
    assertThat(call(identity(caller).channel()).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(link(one).isConnected()).isFalse();
    assertThat(link(two).isConnected()).isFalse();
    assertThat(told[0].told()).isEmpty();
  }

  @Test
  void callWithoutCertificate_isRefused() throws Exception {
    start(1, first);
    ChannelCredentials trusting =
        TlsChannelCredentials.newBuilder().trustManager(trust(first)).build();
    assertThat(call(trusting).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(told[0].told()).isEmpty();
  }

  @Test
  void plainText_atATlsPort_isRefused() throws Exception {
    start(1, first);
    assertThat(call(InsecureChannelCredentials.create()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(told[0].told()).isEmpty();
  }

  @Test
  void listenerOffLoopback_isAllowedWithTls() throws Exception {
    PeerSettings anywhere =
        PeerSettings.of(CLUSTER, 1, new InetSocketAddress("0.0.0.0", at[0].getPort()));
    open.add(GrpcTransport.open(anywhere.with(first)));
  }

  @Test
  void filesThatCannotBeUsed_areNamed() throws Exception {
    PeerSettings settings = PeerSettings.of(CLUSTER, 1, at[0]);
    Path open = directory.resolve("open-key.pem");
    Files.copy(first.key(), open);
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
    TlsFiles readable = new TlsFiles(first.certificate(), open, first.authorities());
    assertThatThrownBy(() -> GrpcTransport.open(settings.with(readable)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("chmod 600");

    Path garbage = Files.writeString(directory.resolve("garbage.pem"), "no certificate");
    TlsFiles broken = new TlsFiles(garbage, first.key(), first.authorities());
    assertThatThrownBy(() -> GrpcTransport.open(settings.with(broken)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("garbage.pem");

    TlsFiles swapped = new TlsFiles(first.certificate(), first.key(), garbage);
    assertThatThrownBy(() -> GrpcTransport.open(settings.with(swapped)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("garbage.pem");

    TlsFiles missing =
        new TlsFiles(first.certificate(), directory.resolve("none.pem"), first.authorities());
    assertThatThrownBy(() -> GrpcTransport.open(settings.with(missing)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("none.pem");
  }
}
