package io.khonsu.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.Store;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.grpc.InsecureListenerException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node with its pages, in this process. */
class RunningNodeTest {
  @TempDir private Path root;

  private NodeConfig config() throws IOException, ConfigException {
    return NodeConfig.read(Configurations.write(root, 1));
  }

  private static RunningNode start(NodeConfig config, NodePresence presence) throws IOException {
    return RunningNode.start(config, presence, RunningNode.Faults.REFUSED);
  }

  private record Answer(int status, String body) {}

  private static Answer send(RunningNode node, String method, String page) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://127.0.0.1:%d%s".formatted(node.admin().getPort(), page))
                .toURL()
                .openConnection();
    connection.setRequestMethod(method);
    int status = connection.getResponseCode();
    try (var in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      return new Answer(status, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private static void createTable(RunningNode node, String name) {
    Schema schema =
        new Schema(List.of(Field.notNullable("id", new ArrowType.Int(Long.SIZE, true))));
    var _ = node.member().store().createTable(TableSpec.rows(name, schema).primaryKey("id"));
  }

  @Test
  void pages_sayHowTheNodeIs() throws Exception {
    try (RunningNode node = start(config(), NodePresence.NEW)) {
      createTable(node, "one"); // it leads then
      assertThat(send(node, "GET", "/health")).isEqualTo(new Answer(200, "ok\n"));
      String metrics = send(node, "GET", "/metrics").body();
      assertThat(metrics)
          .contains(
              "# TYPE khonsu_commits_total counter\nkhonsu_commits_total 1\n",
              "khonsu_aborts_total 0\n",
              "khonsu_consensus_is_leader 1\n",
              "khonsu_consensus_has_leader 1\n");
      assertThat(metrics.lines())
          .allMatch(line -> line.startsWith("# ") || line.matches("khonsu_\\w+(\\{.*})? \\d+"));
      JsonNode status = new AdminClient(node.admin()).status();
      assertThat(status.path("leader").asLong()).isEqualTo(1);
      assertThat(status.path("healthy").asBoolean()).isTrue();
      assertThat(status.path("stateHash").asText())
          .matches("[0-9a-f]{16}")
          .isNotEqualTo("0".repeat(16));
      assertThat(status.path("appliedIndex").asLong()).isPositive();
      assertThat(status.path("counts").path("commits").asLong()).isEqualTo(1);
    }
  }

  @Test
  void clients_connect_whereTheConfigurationSays() throws Exception {
    Path file = Configurations.write(root, 1);
    int port = Configurations.freePort();
    Files.writeString(file, "client = 127.0.0.1:%d%n".formatted(port), StandardOpenOption.APPEND);
    try (RunningNode node = start(NodeConfig.read(file), NodePresence.NEW)) {
      assertThat(node.clients().orElseThrow().getPort()).isEqualTo(port);
      createTable(node, "one");
      try (Store db = Khonsu.connect("khonsu://127.0.0.1:%d?timeoutSeconds=100".formatted(port))) {
        Table table = db.table("one").orElseThrow();
        db.run(tx -> tx.insert(table, table.row(7L)));
        assertThat(contains(db, table, 7L)).isTrue();
      }
    }
  }

  private static boolean contains(Store db, Table table, long id) {
    return db.readOnly(snapshot -> snapshot.contains(table, id));
  }

  @Test
  void clientPort_thatOthersReach_needsTls() throws Exception {
    Path file = Configurations.write(root, 1);
    Files.writeString(
        file,
        "client = 0.0.0.0:%d%n".formatted(Configurations.freePort()),
        StandardOpenOption.APPEND);
    NodeConfig config = NodeConfig.read(file);
    assertThatThrownBy(() -> start(config, NodePresence.NEW))
        .isInstanceOf(InsecureListenerException.class);
  }

  @Test
  void pages_refuseWhatTheyDoNotKnow() throws Exception {
    try (RunningNode node = start(config(), NodePresence.NEW)) {
      assertThat(send(node, "GET", "/statsu"))
          .isEqualTo(new Answer(404, "There is no /statsu: /health, /metrics, /status\n"));
      assertThat(send(node, "POST", "/status").status()).isEqualTo(405);
      assertThat(send(node, "POST", "/faults?1=CUT").status()).isEqualTo(405);
      assertThat(send(node, "POST", "/clock?aheadMillis=1").status()).isEqualTo(405);
    }
    try (RunningNode node =
        RunningNode.start(
            NodeConfig.read(Configurations.write(root, 2)),
            NodePresence.NEW,
            RunningNode.Faults.ALLOWED)) {
      assertThat(send(node, "GET", "/faults?1=CUT").status()).isEqualTo(405);
      assertThat(send(node, "POST", "/faults?1=HIT").status()).isEqualTo(400);
      assertThat(send(node, "POST", "/faults").status()).isEqualTo(400);
      assertThat(send(node, "POST", "/faults?7=CUT").status()).isEqualTo(400);
      assertThat(send(node, "GET", "/clock?aheadMillis=1").status()).isEqualTo(405);
      for (String page : List.of("/clock", "/clock?aheadMillis=", "/clock?aheadMillis=1s")) {
        assertThat(send(node, "POST", page).status()).isEqualTo(400);
      }
      assertThat(send(node, "POST", "/clock?aheadMillis=1234567890123"))
          .isEqualTo(
              new Answer(
                  400,
                  "POST /clock?aheadMillis=N: how far ahead, or with - behind; at most 12"
                      + " digits\n"));
    }
  }

  @Test
  void clock_canBeSetWrong_ifFaultsAreAllowed_andCommitsGoOn() throws Exception {
    Duration hours = Duration.ofHours(3);
    try (RunningNode node =
        RunningNode.start(config(), NodePresence.NEW, RunningNode.Faults.ALLOWED)) {
      AdminClient admin = new AdminClient(node.admin());
      createTable(node, "one");
      long before = newestVersion(node);
      admin.setClock(hours.toMillis());
      createTable(node, "two");
      long ahead = newestVersion(node);
      assertThat(Duration.between(Khonsu.instantOf(before), Khonsu.instantOf(ahead)))
          .isBetween(hours, hours.plusHours(1));
      LocalCluster.await(
          () -> admin.status().path("healthy").asBoolean(), "health under a wrong clock");
      admin.setClock(-hours.toMillis());
      createTable(node, "three");
      long behind = newestVersion(node);
      admin.setClock(0);
      createTable(node, "four");
      assertThat(newestVersion(node)).isGreaterThan(behind);
      assertThat(behind).isGreaterThan(ahead);
    }
  }

  private static long newestVersion(RunningNode node) {
    return node.member().store().newestVersion();
  }

  @Test
  void nodeWithoutMajority_isNotHealthy() throws Exception {
    Path file = Configurations.write(root, 1);
    String others =
        "node.2 = 127.0.0.1:%d%nnode.3 = 127.0.0.1:%d%n"
            .formatted(Configurations.freePort(), Configurations.freePort());
    Files.writeString(file, others, StandardOpenOption.APPEND);
    try (RunningNode node = start(NodeConfig.read(file), NodePresence.NEW)) {
      Answer health = send(node, "GET", "/health");
      assertThat(health.status()).isEqualTo(503);
      assertThat(health.body()).contains("no leader");
      assertThat(new AdminClient(node.admin()).status().path("healthy").asBoolean()).isFalse();
    }
  }

  @Test
  @SuppressWarnings("try") // closing twice is tested, too
  void stoppedNode_startsAgain_andIsNoNewOne() throws Exception {
    NodeConfig config = config();
    assertThatThrownBy(() -> start(config, NodePresence.EXISTING)).hasMessageContaining("node 1");
    try (RunningNode node = start(config, NodePresence.NEW)) {
      createTable(node, "kept");
    }
    assertThatThrownBy(() -> start(config, NodePresence.NEW)).hasMessageContaining("not as new");
    try (RunningNode node = start(config, NodePresence.EXISTING)) {
      try (Snapshot snapshot = node.member().store().snapshot()) { // all that was acknowledged
        assertThat(snapshot.version()).isPositive();
      }
      assertThat(node.member().store().table("kept")).isPresent();
      node.close(); // twice does nothing
      assertThat(node.member().awaitEnd()).isNull();
    }
  }

  @Test
  void portInUse_isNamed_andLeavesNothingOpen() throws Exception {
    NodeConfig config = config();
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(config.admin());
      assertThatThrownBy(() -> start(config, NodePresence.NEW))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("admin: ");
    }
    try (ServerSocket taken = new ServerSocket()) {
      int port = config.peers().listen().getPort();
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      assertThatThrownBy(() -> start(config, NodePresence.EXISTING))
          .isInstanceOf(IOException.class);
    }
    try (RunningNode node = start(config, NodePresence.EXISTING)) {
      assertThat(node.address().getPort()).isEqualTo(config.peers().listen().getPort());
    }
  }
}
