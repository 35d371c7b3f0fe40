package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.server.node.Configurations;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code khonsu server} and {@code khonsu status}: what they refuse, and what they print. */
class ServerCommandTest {
  @TempDir private Path root;

  private static RunningNode start(Path file, NodePresence presence) throws Exception {
    return RunningNode.start(NodeConfig.read(file), presence, RunningNode.Faults.REFUSED);
  }

  @Test
  void wrongConfiguration_isBadUsage() throws Exception {
    Path file = Configurations.write(root, 1);
    Files.writeString(file, Files.readString(file).replace("cluster", "klaster"));
    CommandRun run = CommandRun.of("server", "--config", file);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("khonsu server: " + file + ": cluster is missing");
    assertThat(CommandRun.of("server").exitCode()).isEqualTo(2);
    assertThat(CommandRun.of("server", "--config", root.resolve("none")).err())
        .contains("there is no such file");
  }

  @Test
  void listenerForOthersWithoutTls_isBadUsage() throws Exception {
    Path file = Configurations.write(root, 1);
    Files.writeString(
        file, Files.readString(file) + "listen = 0.0.0.0:" + Configurations.freePort() + "\n");
    CommandRun run = CommandRun.of("server", "--new", "--config", file);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("TLS");
  }

  /** As often as it is tried. */
  @Test
  void certificateThatIsNotThere_isBadUsage_andNamesItsKey() throws Exception {
    Path file = Configurations.write(root, 1);
    Files.writeString(
        file,
        Files.readString(file) + "tls.certificate = a.pem\ntls.key = b.key\ntls.authorities = c\n");
    for (int i = 0; i < 2; i++) {
      CommandRun run = CommandRun.of("server", "--new", "--config", file);
      assertThat(run.exitCode()).isEqualTo(2);
      assertThat(run.err().strip())
          .isEqualTo(
              "khonsu server: %s: tls.certificate names %s, which is not there"
                  .formatted(file, root.resolve("a.pem")));
    }
  }

  @Test
  void diskThatIsNotThere_isNoNewOne() throws Exception {
    Path file = Configurations.write(root, 1);
    CommandRun run = CommandRun.of("server", "--config", file);
    assertThat(run.exitCode()).isEqualTo(6);
    assertThat(run.err())
        .contains("does not hold node 1", "put the whole directory back", "started with --new");
  }

  @Test
  void diskThatIsThere_isRefused_asNew_orInUse() throws Exception {
    Path file = Configurations.write(root, 1);
    try (RunningNode node = start(file, NodePresence.NEW)) {
      assertThat(node.member().store().tables()).isEmpty();
      CommandRun inUse = CommandRun.of("server", "--config", file);
      assertThat(inUse.exitCode()).isEqualTo(3);
      assertThat(inUse.err()).contains("close it there first");
    }
    CommandRun asNew = CommandRun.of("server", "--new", "--config", file);
    assertThat(asNew.exitCode()).isEqualTo(2);
    assertThat(asNew.err()).contains("start it without --new");
    Path other = Configurations.write(root, 2);
    Files.writeString(other, Files.readString(other).replace("node-2", "node-1"));
    CommandRun foreign = CommandRun.of("server", "--config", other);
    assertThat(foreign.exitCode()).isEqualTo(2);
    assertThat(foreign.err()).contains("belongs to node 1", "its own directory");
  }

  @Test
  void nodeWithLessMemoryThanItsRowsTake_saysWhichSettingToRaise() throws Exception {
    Path file = Configurations.write(root, 1);
    Field id = Field.notNullable("id", new ArrowType.Int(Long.SIZE, true));
    Field text = Field.notNullable("text", ArrowType.Utf8.INSTANCE);
    try (RunningNode node = start(file, NodePresence.NEW)) {
      Khonsu store = node.store();
      Table table =
          store.createTable(
              TableSpec.rows("texts", new Schema(List.of(id, text))).primaryKey("id"));
      for (long i = 0; i < 4; i++) {
        long row = i;
        store.run(tx -> tx.insert(table, table.row(row, "x".repeat(1 << 20))));
      }
    }
    Files.writeString(file, Files.readString(file) + "store.memoryLimitBytes = 2MiB\n");
    CommandRun run = CommandRun.of("server", "--config", file);
    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).contains("memory is used up", "raise store.memoryLimitBytes");
  }

  @Test
  void status_ofANode_isATable_orJson() throws Exception {
    Path file = Configurations.write(root, 1);
    CommandRun silent = CommandRun.of("status", file);
    assertThat(silent.exitCode()).isEqualTo(3);
    assertThat(silent.out()).contains(file + ": no answer");
    try (RunningNode node = start(file, NodePresence.NEW)) {
      try (var snapshot = node.member().store().snapshot()) { // there is a leader then
        assertThat(snapshot.version()).isZero();
      }
      CommandRun table = CommandRun.of("status", file);
      assertThat(table.out())
          .containsPattern("node +role +ballot")
          .containsPattern("1 +leader +1\\.");
      assertThat(table.exitCode()).isZero();
      CommandRun json = CommandRun.of("status", "--json", file);
      assertThat(json.out()).contains("\"statesAgree\" : true", "\"leader\" : 1");
      assertThat(json.exitCode()).isZero();
      Path other = Configurations.write(root, 2);
      assertThat(CommandRun.of("status", file, other).exitCode()).isEqualTo(1);
    }
    Files.writeString(file, "admin = here\n");
    for (String command : List.of("status", "top")) {
      CommandRun wrong = CommandRun.of(command, file);
      assertThat(wrong.exitCode()).isEqualTo(2);
      assertThat(wrong.err()).contains(file + ":1: admin is \"here\"");
    }
  }

  @Test
  void top_showsRates_andWhoDoesNotAnswer() throws Exception {
    Path file = Configurations.write(root, 1);
    Path other = Configurations.write(root, 2);
    assertThat(CommandRun.of("top", "--count", "1", file).exitCode()).isEqualTo(3);
    try (RunningNode node = start(file, NodePresence.NEW)) {
      try (var snapshot = node.member().store().snapshot()) { // there is a leader then
        assertThat(snapshot.version()).isZero();
      }
      CommandRun table = CommandRun.of("top", "--count", "2", file);
      assertThat(table.out())
          .containsPattern("1 +leader +1\\.\\S+ +\\d+ +\\d+ +- +- +- +- +- ") // no rates yet
          .containsPattern("1 +leader +1\\.\\S+ +\\d+ +\\d+ +- +- +0 +0 +\\d+ +0 +0\\.\\d\n");
      assertThat(table.exitCode()).isZero();
      CommandRun json = CommandRun.of("top", "--count", "2", "--json", file, other);
      assertThat(json.out().lines()).hasSize(2);
      JsonNode last = new ObjectMapper().readTree(json.out().lines().toList().getLast());
      assertThat(last.at("/perSecond/1/commits").asDouble(-1)).isZero();
      assertThat(last.at("/nodes/0/leader").asLong()).isOne();
      assertThat(last.path("unreachable").has(other.toString())).isTrue();
      assertThat(json.exitCode()).isEqualTo(1);
    }
    assertThat(CommandRun.of("top", "--count", "0", file).exitCode()).isEqualTo(2);
    assertThat(CommandRun.of("top", "--interval", "0", file).exitCode()).isEqualTo(2);
  }
}
