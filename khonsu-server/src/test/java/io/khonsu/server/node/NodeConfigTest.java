package io.khonsu.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.StoreConfig;
import io.khonsu.backup.ArchiverOptions;
import io.khonsu.grpc.PeerAddress;
import io.khonsu.grpc.PlainText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configuration files: what they say, and what is said of wrong ones. */
class NodeConfigTest {
  private static final String LEAST =
      """
      # The least that a node needs
      cluster = 42
      node = 2
      directory = data
      node.1 = 127.0.0.1:7001
      node.2 = 127.0.0.1:7002
      """;

  @TempDir private Path root;
  private Path file;

  @BeforeEach
  void nameFile() {
    file = root.resolve("node.conf");
  }

  private NodeConfig read(String text) throws IOException, ConfigException {
    Files.writeString(file, text);
    return NodeConfig.read(file);
  }

  @Test
  void leastSettings_haveDefaults() throws Exception {
    NodeConfig config = read(LEAST);
    assertThat(config.cluster().clusterId()).isEqualTo(42);
    assertThat(config.peers().self().node()).isEqualTo(2);
    assertThat(config.peers().listen().getPort()).isEqualTo(7002);
    assertThat(config.peers().peers())
        .containsExactly(
            PeerAddress.of(1, "127.0.0.1", 7001), PeerAddress.of(2, "127.0.0.1", 7002));
    assertThat(config.peers().plainText()).isEqualTo(PlainText.LOOPBACK);
    assertThat(config.directory()).isEqualTo(root.toAbsolutePath().resolve("data"));
    assertThat(config.admin().getPort()).isEqualTo(7070);
    assertThat(NodeConfig.readAdmin(file)).isEqualTo(config.admin());
    assertThat(config.cluster().times().commitTimeout()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void clientPort_keepsHistory_unlessItIsSaidHowMuch() throws Exception {
    assertThat(read(LEAST).clients()).isEmpty();
    assertThat(read(LEAST).store().retention()).isEqualTo(Duration.ZERO);
    NodeConfig config = read(LEAST + "client = 127.0.0.1:7501\nsnapshotAge = 20s\n");
    assertThat(config.clients().orElseThrow().listen().getPort()).isEqualTo(7501);
    assertThat(config.clients().orElseThrow().clusterId()).isEqualTo(42);
    assertThat(config.store().retention()).isEqualTo(Duration.ofSeconds(20));
    assertThat(config.store().retentionBytes())
        .isEqualTo(config.cluster().limits().historyBytesMax())
        .isLessThanOrEqualTo(Runtime.getRuntime().maxMemory() / 32);
    NodeConfig own = read(LEAST + "client = 127.0.0.1:7501\nstore.retention = 5min\n");
    assertThat(own.store().retention()).isEqualTo(Duration.ofMinutes(5));
    assertThat(own.store().retentionBytes()).isEqualTo(StoreConfig.defaults().retentionBytes());
    NodeConfig more = read(LEAST + "client = 127.0.0.1:7501\nhistoryBytesMax = 2GiB\n");
    assertThat(more.store().retentionBytes()).isEqualTo(2L << 30);
  }

  @Test
  void archive_isWhatTheConfigurationSays_orNone() throws Exception {
    assertThat(read(LEAST).archive()).isEmpty();
    ArchiveSettings usual = read(LEAST + "archive = backup\n").archive().orElseThrow();
    assertThat(usual.directory()).isEqualTo(root.toAbsolutePath().resolve("backup"));
    assertThat(usual.options()).isEqualTo(ArchiverOptions.defaults());
    ArchiveSettings own =
        read(LEAST + "archive = /b\narchive.timeout = 1s\narchive.retryDelayMax = 5min\n")
            .archive()
            .orElseThrow();
    assertThat(own.options())
        .isEqualTo(new ArchiverOptions(Duration.ofSeconds(1), Duration.ofMinutes(5)));
    assertThatThrownBy(() -> read(LEAST + "archive = backup\narchive.tmeout = 1s\n"))
        .hasMessageContaining("archive.tmeout is unknown; did you mean archive.timeout?");
  }

  @Test
  void allSettings_areTaken() throws Exception {
    NodeConfig config =
        read(
            LEAST
                + """
                listen = 127.0.0.1:7102
                admin = [::1]:7103
                plainText = anywhere
                tls.certificate = node.pem
                tls.key = node.key
                tls.authorities = /etc/khonsu/ca.pem
                tick = 20ms
                commitTimeout = 5s
                resend = 400ms
                upkeep = 2s
                snapshotAge = 1min
                sessionAge = 1h
                batchBytesMax = 2MiB
                batchCountMax = 100
                batchesMax = 2
                pendingBytesMax = 1GiB
                checkpointBytes = 16MiB
                inboxBytesMax = 32MiB
                store.memoryLimitBytes = 2GiB
                store.retention = 5min
                store.isolation = SNAPSHOT
                """);
    assertThat(config.admin().getAddress().isLoopbackAddress()).isTrue();
    assertThat(config.peers().plainText()).isEqualTo(PlainText.ANYWHERE);
    assertThat(config.peers().tls().orElseThrow().key())
        .isEqualTo(root.toAbsolutePath().resolve("node.key"));
    assertThat(config.peers().tls().orElseThrow().authorities())
        .isEqualTo(Path.of("/etc/khonsu/ca.pem"));
    assertThat(config.cluster().times().tick()).isEqualTo(Duration.ofMillis(20));
    assertThat(config.cluster().times().sessionAge()).isEqualTo(Duration.ofHours(1));
    assertThat(config.cluster().limits().batchBytesMax()).isEqualTo(2 << 20);
    assertThat(config.cluster().limits().pendingBytesMax()).isEqualTo(1L << 30);
    assertThat(config.store().memoryLimitBytes()).isEqualTo(2L << 30);
    assertThat(config.store().retention()).isEqualTo(Duration.ofMinutes(5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          comitTimeout = 5s         | comitTimeout is unknown; did you mean commitTimeout?
          store.retension = 5s      | store.retension is unknown; did you mean store.retention?
          store.durability = NONE   | store.durability is unknown
          commitTimeout = 5         | commitTimeout is "5": it must be a time, such as 500ms
          commitTimeout = soon      | it must be a time
          commitTimeout = -1s       | it must be a time
          batchBytesMax = 4GiB      | it must be less than 2GiB
          pendingBytesMax = 1MB     | it must be a size, such as 65536
          pendingBytesMax = 999999999999999999GiB | it is too large
          listen = 7001             | listen is "7001": it must be HOST:PORT
          listen = 127.0.0.1:99999  | it must be HOST:PORT
          node.x = 127.0.0.1:1      | node.x is "127.0.0.1:1": the key must end with the number of a node
          node.3 =                  | it must be HOST:PORT
          node = 3                  | node stands in line 3 already
          plainText = yes           | it is loopback or anywhere
          store.retention = never   | setting retention=never is refused
          archive.timeout = 5s      | without "archive = DIRECTORY" nothing is archived
          archive.tmeout = 5s       | without "archive = DIRECTORY" nothing is archived
          archive.timeout = 5       | it must be a time
          sessionAge = 3000000h     | it must be at most 8760h
          tick = 8761h              | it must be at most 8760h
          just words                | this is not "key = value": just words
          """)
  void wrongLine_isNamed(String line, String complaint) throws Exception {
    assertThatThrownBy(() -> read(LEAST + line + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file + ":7: ")
        .hasMessageContaining(complaint);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cluster = 42              | cluster is missing, such as "cluster = 42"
          node = 2                  | node is missing
          directory = data          | directory is missing
          node.2 = 127.0.0.1:7002   | node.2 is missing, such as "node.2 = 127.0.0.1:7001"
          """)
  void missingKey_isNamed(String line, String complaint) {
    assertThatThrownBy(() -> read(LEAST.replace(line + "\n", "")))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(complaint);
  }

  /** In either direction, through links, and whether they are there yet. */
  @ParameterizedTest
  @CsvSource({
    "data, data",
    "data, data/archive",
    "data, ./x/../data/archive",
    "archive/data, archive",
    "data, link/archive",
    "link, data/archive",
    "data, dangling",
    "data, chain/archive",
    "dangling/below, data",
  })
  void archiveAndData_withinEachOther_areRefused(String data, String archive) throws Exception {
    Files.createDirectory(root.resolve("data"));
    Files.createSymbolicLink(root.resolve("link"), root.resolve("data"));
    Files.createSymbolicLink(root.resolve("dangling"), Path.of("data/not/there/yet"));
    Files.createSymbolicLink(root.resolve("chain"), Path.of("dangling"));
    String text = LEAST.replace("directory = data", "directory = " + data);

    assertThatThrownBy(() -> read(text + "archive = " + archive + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file + ": archive is ")
        .hasMessageContaining("and directory is")
        .hasMessageContaining("neither may be in the other");
  }

  @Test
  void archiveBesideTheData_isFine_andOneThatLeadsNowhereIsRefused() throws Exception {
    assertThat(read(LEAST + "archive = data-archive\n").archive()).isPresent();
    Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
    assertThatThrownBy(() -> read(LEAST + "archive = loop\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("loop cannot be found");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          admin = 192.0.2.1:7070    | must be on loopback
          sessionAge = 1s           | sessionAge must be at least twice commitTimeout
          tick = 0s                 | tick must be positive
          archive.timeout = 0s      | archiveTimeout must be positive
          tls.key = node.key        | all three, or none
          listen = no.such.host.invalid:7001 | which is unknown
          """)
  void settingsThatDoNotGoTogether_areRefused(String line, String complaint) {
    assertThatThrownBy(() -> read(LEAST + line + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(complaint);
  }

  @Test
  void fileThatIsNone_isRefused() throws Exception {
    assertThatThrownBy(() -> NodeConfig.read(file))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no such file");
    Files.write(file, new byte[] {'n', (byte) 0xff, '\n'});
    assertThatThrownBy(() -> NodeConfig.read(file))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("UTF-8");
    assertThatThrownBy(() -> NodeConfig.read(root))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("cannot be read");
  }
}
