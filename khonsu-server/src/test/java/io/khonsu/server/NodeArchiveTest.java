package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.KeyRange;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Store;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.distributed.NodeStatus;
import io.khonsu.server.node.AdminClient;
import io.khonsu.server.node.Configurations;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that archives, what it says of that, and what the commands make of the archive. */
class NodeArchiveTest {
  private static final Schema SCHEMA =
      new Schema(List.of(Field.notNullable("id", new ArrowType.Int(Long.SIZE, true))));

  @TempDir private Path root;

  private static RunningNode start(Path file, NodePresence presence) throws Exception {
    return RunningNode.start(NodeConfig.read(file), presence, RunningNode.Faults.REFUSED);
  }

  /** {@return the configuration of a node that archives in the directory "archive" beside it} */
  private Path configuration(int node) throws IOException {
    Path file = Configurations.write(root, node);
    return Files.writeString(
        file,
        """
        archive = archive
        archive.timeout = 50ms
        archive.retryDelayMax = 50ms
        """,
        StandardOpenOption.APPEND);
  }

  /** Writes rows to one table, and batches to another. */
  private static void write(Store store, long from, long to) {
    Table rows =
        store
            .table("rows")
            .orElseGet(() -> store.createTable(TableSpec.rows("rows", SCHEMA).primaryKey("id")));
    Table batches =
        store
            .table("batches")
            .orElseGet(() -> store.createTable(TableSpec.batches("batches", SCHEMA)));
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = VectorSchemaRoot.create(SCHEMA, allocator)) {
      ((BigIntVector) batch.getVector("id")).setSafe(0, to);
      batch.setRowCount(1);
      for (long id = from; id < to; id++) {
        long number = id;
        store.run(tx -> {
          tx.upsert(rows, rows.row(number));
          tx.write(batches, "batch-" + number, batch);
        });
      }
    }
  }

  private static List<Long> rows(Store store) {
    return store.readOnly(view ->
        view.scan(store.table("rows").orElseThrow()).rows().stream()
            .map(row -> row.getLong("id"))
            .toList());
  }

  private static Map<String, List<Long>> batches(Store store) {
    Table table = store.table("batches").orElseThrow();
    return store.readOnly(view -> {
      Map<String, List<Long>> found = new TreeMap<>();
      for (String name : view.names(table, KeyRange.all())) {
        try (var batch = view.read(table, name).orElseThrow()) {
          found.put(name, List.of(((BigIntVector) batch.vector("id")).get(0)));
        }
      }
      return found;
    });
  }

  private static String page(RunningNode node, String page) throws Exception {
    URI uri = URI.create("http://127.0.0.1:%d%s".formatted(node.admin().getPort(), page));
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
        .body();
  }

  /** Waits until what a node says of its archive is so. */
  private static JsonNode await(RunningNode node, Predicate<JsonNode> condition)
      throws IOException {
    JsonNode status;
    do {
      status = new AdminClient(node.admin()).status();
    } while (!condition.test(status.path("archive")));
    return status;
  }

  private static Predicate<JsonNode> archivedAll(RunningNode node) {
    long version = node.member().history().lastVersion();
    return archive -> archive.path("archivedVersion").asLong() >= version;
  }

  @Test
  void node_archives_andSaysHowFarItIs() throws Exception {
    Path file = configuration(1);
    try (RunningNode node = start(file, NodePresence.NEW)) {
      write(node.member().store(), 0, 10);
      JsonNode status = await(node, archivedAll(node));
      assertThat(status.at("/archive/state").asText()).isEqualTo("RUNNING");
      assertThat(status.at("/archive/lagMillis").asLong()).isZero();
      assertThat(status.at("/archive/stepMillis").isNumber()).isTrue();
      assertThat(status.at("/archive/directory").asText()).endsWith("archive");
      assertThat(status.path("warnings")).isEmpty();
      assertThat(CommandRun.of("status", file).out()).contains("archive  state hash", " 0.0s  ");
      assertThat(CommandRun.of("top", "--count", "1", file).out()).contains(" archive ", " 0.0s ");
      assertThat(page(node, "/health")).isEqualTo("ok\n");
      assertThat(page(node, "/metrics"))
          .contains(
              "khonsu_archive_is_running 1\n",
              "khonsu_archive_version " + node.member().history().lastVersion(),
              "khonsu_archive_lag_milliseconds 0\n",
              "khonsu_archive_step_milliseconds ",
              "khonsu_archive_failures 0\n");
      CommandRun verified = CommandRun.of("backup", "verify", "--archive", archive());
      assertThat(verified.out()).contains("all is well");
    }
    try (RunningNode node = start(Configurations.write(root, 2), NodePresence.NEW)) {
      assertThat(new AdminClient(node.admin()).status().has("archive")).isFalse();
      assertThat(page(node, "/metrics")).doesNotContain("khonsu_archive");
    }
  }

  private Path archive() {
    return root.resolve("archive");
  }

  @Test
  void directoryThatCannotBeUsed_isAWarning_untilItCan() throws Exception {
    Path inTheWay = Files.createFile(archive());
    Path file = configuration(1);
    try (RunningNode node = start(file, NodePresence.NEW)) {
      write(node.member().store(), 0, 3); // goes on all the same
      JsonNode status = await(node, archive -> archive.path("failures").asLong() > 1);
      assertThat(status.path("healthy").asBoolean()).isTrue();
      assertThat(status.at("/archive/state").asText()).isEqualTo("RETRYING");
      assertThat(status.at("/warnings/0").asText())
          .contains("nothing is archived in " + inTheWay, "attempts have failed");
      assertThat(page(node, "/health")).startsWith("ok\nwarning: nothing is archived in ");
      assertThat(page(node, "/metrics")).contains("khonsu_archive_is_running 0\n");
      CommandRun printed = CommandRun.of("status", file);
      assertThat(printed.out()).contains("node 1: warning: nothing is archived");
      assertThat(printed.exitCode()).isZero();
      Files.delete(inTheWay);
      assertThat(await(node, archivedAll(node)).path("warnings")).isEmpty();
    }
  }

  /** Both clusters have the number 9: what tells them apart is their first commit. */
  @Test
  void archiveOfAnotherCluster_isLeftAlone() throws Exception {
    try (RunningNode node = start(configuration(1), NodePresence.NEW)) {
      write(node.member().store(), 0, 3);
    }
    CommandRun before = CommandRun.of("backup", "status", "--archive", archive());
    assertThat(before.exitCode()).isZero();
    try (RunningNode node = start(configuration(2), NodePresence.NEW)) {
      write(node.member().store(), 0, 5);
      JsonNode status = await(node, archive -> archive.path("state").asText().equals("STOPPED"));
      assertThat(status.at("/warnings/0").asText())
          .contains("until the node is started again", "is the archive of store", "use another");
      assertThat(status.path("healthy").asBoolean()).isTrue();
    }
    assertThat(CommandRun.of("backup", "status", "--archive", archive()).out())
        .isEqualTo(before.out());
  }

  @Test
  void archive_isRestored_intoAStore_andIntoANewClusterOfThree() throws Exception {
    try (RunningNode node = start(configuration(1), NodePresence.NEW)) {
      write(node.member().store(), 0, 10);
      await(node, archivedAll(node));
      assertThat(run("restore-point", "create", "ten").exitCode()).isZero();
      CommandRun base = run("backup", "create", "--scratch", root.resolve("scratch"));
      assertThat(base.out()).startsWith("base of version " + node.member().history().lastVersion());
      write(node.member().store(), 10, 15);
    } // archives what is left
    assertThat(run("backup", "list", "--json").out()).contains("\"bases\"");
    assertThat(run("backup", "verify", "--restore", root.resolve("scratch")).out())
        .contains("all is well");
    assertThat(run("restore", "--latest", "--into", root.resolve("store")).exitCode()).isZero();
    try (Khonsu store = Khonsu.open(root.resolve("store"))) {
      assertThat(rows(store)).hasSize(15);
      assertThat(batches(store)).hasSize(15);
    }
    List<Path> files = clusterOfThree();
    List<RunningNode> nodes = new ArrayList<>();
    try {
      for (Path file : files) {
        nodes.add(start(file, NodePresence.NEW));
      }
      restoreInto(nodes);
    } finally {
      nodes.forEach(RunningNode::close);
    }
  }

  private void restoreInto(List<RunningNode> nodes) {
    String address =
        "khonsu://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d?timeoutSeconds=200"
            .formatted(
                nodes.stream()
                    .map(node -> node.clients().orElseThrow().getPort())
                    .toArray(Object[]::new));
    Object[] restore = {
      "restore", "--to-point", "ten", "--into-cluster", address, "--scratch", root.resolve("copy")
    };
    CommandRun restored = run(restore);
    assertThat(restored.out()).contains("2 tables with 10 rows and 10 batches");
    assertThat(restored.exitCode()).isZero();
    assertThat(root.resolve("copy")).doesNotExist();
    write(nodes.get(2).member().store(), 100, 102); // commits go on
    for (RunningNode node : nodes) {
      Khonsu store = node.member().store();
      assertThat(rows(store)).hasSize(12).startsWith(0L, 1L).endsWith(100L, 101L);
      assertThat(batches(store)).hasSize(12).containsEntry("batch-3", List.of(10L));
    }
    List<NodeStatus> statuses;
    do {
      statuses = nodes.stream().map(node -> node.member().status()).toList();
    } while (statuses.stream().mapToLong(NodeStatus::appliedIndex).distinct().count() > 1);
    assertThat(statuses.stream().map(NodeStatus::stateHash).distinct()).hasSize(1);
    CommandRun again = run(restore);
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err()).contains("must be empty, but has the tables batches, rows");
    assertThat(root.resolve("copy")).doesNotExist();
  }

  private List<Path> clusterOfThree() throws IOException {
    StringBuilder members = new StringBuilder();
    for (int node = 1; node <= 3; node++) {
      members.append("node.%d = 127.0.0.1:%d%n".formatted(node, Configurations.freePort()));
    }
    List<Path> files = new ArrayList<>();
    for (int node = 1; node <= 3; node++) {
      files.add(
          Files.writeString(
              root.resolve("new-" + node + ".conf"),
              """
              cluster = 10
              node = %d
              directory = new-%d
              admin = 127.0.0.1:%d
              client = 127.0.0.1:%d
              %s
              """
                  .formatted(
                      node, node, Configurations.freePort(), Configurations.freePort(), members)));
    }
    return files;
  }

  private CommandRun run(Object... args) {
    List<Object> all = new ArrayList<>(List.of(args));
    all.add("--archive");
    all.add(archive());
    return CommandRun.of(all.toArray());
  }
}
