package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/cluster.md on what is between nodes: it runs, and it stands there. */
class TransportDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "grpc", "TransportDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "cluster.md");

  @Test
  void example_runs(@TempDir Path directory) throws Exception {
    long clusterId = 42;
    int port = FreePorts.next().getPort();
    TlsFiles files = new TestCertificates(directory).signed("one", TlsFiles.nodeUri(clusterId, 1));
    Path certificate = files.certificate();
    Path key = files.key();
    Path authorities = files.authorities();
    // region transport
    InetSocketAddress listen = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    PeerSettings settings =
        PeerSettings.of(clusterId, /* node= */ 1, listen)
            .with(List.of(PeerAddress.of(2, "db2.example", 7401)))
            .with(new TlsFiles(certificate, key, authorities)); // PEM
    try (GrpcTransport transport = GrpcTransport.open(settings)) { // listens
      transport.setPeer(PeerAddress.of(3, "db3.example", 7401)); // peers may come, move and go
      // endregion
      assertThat(transport.address().getPort()).isEqualTo(port);
    }
  }

  @Test
  void example_standsOnThePage() throws Exception {
    String source = Files.readString(SOURCE);
    int from = source.indexOf("// region transport") + "// region transport\n".length();
    String region = source.substring(from, source.indexOf("      // endregion", from));
    assertThat(Files.readString(PAGE)).contains(region.stripTrailing().stripIndent());
  }
}
