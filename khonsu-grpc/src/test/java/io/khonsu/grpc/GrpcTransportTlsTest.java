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
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.khonsu.grpc.proto.Hello;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
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
  private static TlsFiles third;
  private static TlsFiles stranger;
  private static TestCertificates ours;

  private final InetSocketAddress[] at = {FreePorts.next(), FreePorts.next()};
  private final Recorder[] told = {new Recorder(), new Recorder()};
  private final List<Caller> callers = new ArrayList<>();
  private final List<GrpcTransport> open = new ArrayList<>();

  @BeforeAll
  static void makeCertificates() throws Exception {
    ours = new TestCertificates(directory.resolve("ours"));
    first = ours.signed("first", TlsFiles.nodeUri(CLUSTER, 1));
    second = ours.signed("second", TlsFiles.nodeUri(CLUSTER, 2));
    third = ours.signed("third", TlsFiles.nodeUri(CLUSTER, 3));
    TestCertificates others = new TestCertificates(directory.resolve("others"));
    stranger = others.signed("stranger", TlsFiles.nodeUri(CLUSTER, 2));
  }

  @AfterEach
  void close() {
    open.forEach(GrpcTransport::close);
    callers.forEach(Caller::close);
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

  private Caller caller(TlsFiles files) throws IOException {
    Caller caller = new Caller(at[0], Optional.of(files), hello());
    callers.add(caller);
    return caller;
  }

  private static Metadata hello() {
    return Handshake.headers(
        Hello.newBuilder()
            .setProtocolVersion(Handshake.PROTOCOL_VERSION)
            .setClusterId(CLUSTER)
            .setFrom(2)
            .setTo(1)
            .build());
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
              hello());
      return Waiting.forValue("the end", ended);
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
    // The port of node 2 belongs to who shows a certificate of node 3.
    Wiring other =
        new Wiring("other", new Wiring.Security(Optional.of(third), null, PlainText.LOOPBACK));
    ConnectionGate gate = new ConnectionGate(ConnectionGate.Limits.USUAL, other);
    Handshake handshake = new Handshake(CLUSTER, new PeerSettings.Self(2, 0), 1 << 30, false);
    Map<Long, PeerAddress> peers = Map.of(1L, PeerAddress.of(1, "127.0.0.1", at[0].getPort()));
    IncomingSessions sessions = new IncomingSessions(handshake, peers, other, gate);
    sessions.start(told[1]);
    Server server = other.listen(at[1], ClientAuth.REQUIRE, 1 << 20, sessions.service(), gate);
    try {
      GrpcTransport one = start(1, first);
      awaitRefusal(one, Refusal.OTHER_CERTIFICATE);
      assertThat(link(one).isConnected()).isFalse();

      Caller caller = caller(third); // it says that it is node 2
      assertThat(Refusal.of(caller.ended().trailers())).isEqualTo(Refusal.OTHER_CERTIFICATE);
      assertThat(one.refusals()).containsKey(Refusal.OTHER_CERTIFICATE);
      assertThat(told[0].told()).isEmpty();
    } finally {
      Closing.await(server.shutdownNow()::awaitTermination);
      other.close();
    }
  }

  @Test
  void certificateOfAnotherAuthority_isNotTrusted() throws Exception {
    GrpcTransport one = start(1, first);
    GrpcTransport two = start(2, stranger);
    // It trusts the node that it calls, so that it is the node which hangs up.
    TlsFiles caller = new TlsFiles(stranger.certificate(), stranger.key(), first.authorities());
    assertThat(caller(caller).ended().status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
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

  private static void isRefused(TlsFiles files, String... saying) {
    assertThatThrownBy(
            () -> GrpcTransport.open(PeerSettings.of(CLUSTER, 1, FreePorts.next()).with(files)))
        .isInstanceOf(UnusableCertificateException.class)
        .hasMessageContainingAll(saying);
  }

  @Test
  void ownCertificate_thatOthersWouldRefuse_isRefusedAtOpen() throws Exception {
    String uri = TlsFiles.nodeUri(CLUSTER, 1);
    isRefused(ours.signed("expired", uri, "-10d", 5), "expired.pem", "has expired", "make a new");
    isRefused(ours.signed("future", uri, "+10d", 5), "future.pem", "not valid before", "clock");
    isRefused(second, "second.pem", "khonsu://42/node/2", "not khonsu://42/node/1");
    TlsFiles mixed = new TlsFiles(first.certificate(), second.key(), first.authorities());
    isRefused(mixed, "second-key.pem is not the key of", "first.pem", "together");
  }

  /** {@return the number of the certificate that a caller meets} */
  private BigInteger serialAt(GrpcTransport transport) throws Exception {
    TrustManager[] trusting = {trust(first)};
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trusting, null);
    InetSocketAddress address = transport.address();
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket(address.getAddress(), address.getPort())) {
      socket.startHandshake();
      return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
    }
  }

  @Test
  void renewedCertificate_isTaken_alsoForTheSameKey_andHalfAPairIsNot() throws Exception {
    String uri = TlsFiles.nodeUri(CLUSTER, 1);
    TlsFiles files = ours.signed("renewing", uri);
    GrpcTransport transport = start(1, files);
    BigInteger before = serialAt(transport);

    Files.writeString(files.certificate(), ours.renewed("renewing", uri));
    transport.readCertificatesAgain();
    BigInteger sameKey = serialAt(transport);
    assertThat(sameKey).isNotEqualTo(before);

    TlsFiles next = ours.signed("next", uri);
    copy(next.certificate(), files.certificate()); // its key has not come yet
    transport.readCertificatesAgain();
    assertThat(serialAt(transport)).isEqualTo(sameKey);
    copy(next.key(), files.key());
    transport.readCertificatesAgain();
    BigInteger otherKey = serialAt(transport);
    assertThat(otherKey).isNotEqualTo(sameKey);

    for (TlsFiles bad : List.of(second, ours.signed("late", uri, "-10d", 5))) {
      copy(bad.certificate(), files.certificate());
      copy(bad.key(), files.key());
      transport.readCertificatesAgain();
      assertThat(serialAt(transport)).isEqualTo(otherKey);
    }
    Files.delete(files.certificate());
    transport.readCertificatesAgain();
    assertThat(serialAt(transport)).isEqualTo(otherKey);
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.write(to, Files.readAllBytes(from));
  }

  @Test
  void sessionsOfBefore_doNotHelpWhoIsNotTrustedAnyMore() throws Exception {
    String uri = TlsFiles.nodeUri(CLUSTER, 1);
    TlsFiles files = ours.signed("changing", uri);
    Path authorities = Files.copy(files.authorities(), directory.resolve("changing-ca.pem"));
    GrpcTransport one = start(1, new TlsFiles(files.certificate(), files.key(), authorities));
    GrpcTransport two = start(2, second);
    Waiting.until("connected", () -> link(one).isConnected() && link(two).isConnected());

    copy(stranger.authorities(), authorities);
    one.readCertificatesAgain();
    one.setFault(2, LinkFault.CUT);
    two.setFault(1, LinkFault.CUT);
    one.setFault(2, LinkFault.NONE);
    two.setFault(1, LinkFault.NONE);
    awaitRefusal(one, Refusal.OTHER_CERTIFICATE);
    awaitRefusal(two, Refusal.OTHER_CERTIFICATE);
    assertThat(link(one).isConnected()).isFalse();
    assertThat(link(two).isConnected()).isFalse();
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

    byte[] pss =
        KeyPairGenerator.getInstance("RSASSA-PSS").generateKeyPair().getPrivate().getEncoded();
    Path other = directory.resolve("pss-key.pem");
    Files.copy(first.key(), other, StandardCopyOption.COPY_ATTRIBUTES); // nobody else may read it
    Files.writeString(other, TestCertificates.pem("PRIVATE KEY", pss));
    isRefused(
        new TlsFiles(first.certificate(), other, first.authorities()), "pss-key.pem", "RSASSA-PSS");

    TlsFiles swapped = new TlsFiles(first.certificate(), first.key(), garbage);
    assertThatThrownBy(() -> GrpcTransport.open(settings.with(swapped)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("garbage.pem");

    Path none = directory.resolve("none.pem");
    isRefused(
        new TlsFiles(none, first.key(), first.authorities()), "tls.certificate names " + none);
    isRefused(
        new TlsFiles(first.certificate(), none, first.authorities()),
        "tls.key names %s, which is not there".formatted(none));
    isRefused(
        new TlsFiles(first.certificate(), first.key(), none), "tls.authorities names " + none);
    isRefused(
        new TlsFiles(first.certificate(), first.key(), directory),
        "tls.authorities names %s, which cannot be read: ".formatted(directory));
  }
}
