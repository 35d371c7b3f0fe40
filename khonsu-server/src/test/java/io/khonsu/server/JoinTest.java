package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Store;
import io.khonsu.StoreClosedException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.UnavailableException;
import io.khonsu.backup.Backups;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.backup.RestoreTarget;
import io.khonsu.server.node.AdminClient;
import io.khonsu.server.node.Configurations;
import io.khonsu.server.node.NodeConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** This process is nodes of a cluster, by {@link Khonsu#join} and the files that describe them. */
@Timeout(300)
class JoinTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "server", "JoinTest.java");
  private static final Path PAGE = Path.of("..", "docs", "cluster.md");
  private static final int INCREMENTS = 20;
  private static final ArrowType INT64 = new ArrowType.Int(Long.SIZE, true);
  private static final TableSpec COUNTERS =
      TableSpec.rows(
              "counters",
              new Schema(
                  List.of(Field.notNullable("id", INT64), Field.notNullable("value", INT64))))
          .primaryKey("id");

  @TempDir private Path root;

  /** {@return the files of the nodes of a cluster of three, which listen for clients, too} */
  private List<Path> clusterOfThree() throws IOException {
    StringBuilder nodes = new StringBuilder();
    for (int node = 1; node <= 3; node++) {
      nodes.append("node.%d = 127.0.0.1:%d%n".formatted(node, Configurations.freePort()));
    }
    List<Path> files = new ArrayList<>();
    for (int node = 1; node <= 3; node++) {
      files.add(
          Files.writeString(
              root.resolve(node + ".conf"),
              """
              cluster = 12
              node = %d
              directory = disk-%d
              admin = 127.0.0.1:%d
              client = 127.0.0.1:%d
              commitTimeout = 100s
              %s\
              """
                  .formatted(
                      node, node, Configurations.freePort(), Configurations.freePort(), nodes)));
    }
    return files;
  }

  /** Calls again as long as nobody leads, as right after the start. */
  private static <T> T available(Callable<T> call) throws Exception {
    while (true) {
      try {
        return call.call();
      } catch (UnavailableException _) {
        Thread.sleep(10);
      }
    }
  }

  private static Table counters(Store db) {
    return db.table("counters").orElseThrow();
  }

  private static long value(Store db) throws Exception {
    return available(() ->
        db.readOnly(snapshot ->
            snapshot.get(counters(db), 1L).map(row -> row.getLong("value")).orElse(0L)));
  }

  private static void increment(Store db) throws Exception {
    Table table = counters(db);
    var _ =
        available(() ->
            db.transact(tx -> {
              long value = tx.get(table, 1L).map(row -> row.getLong("value")).orElse(0L);
              tx.upsert(table, table.row(1L, value + 1));
              return value;
            }));
  }

  private static void incrementOnAll(List<? extends Store> stores) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (Store store : stores) {
        all.add(
            threads.submit(() -> {
              for (int i = 0; i < INCREMENTS; i++) {
                increment(store);
              }
              return null;
            }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
  }

  private static JsonNode status(Path file) throws Exception {
    return new AdminClient(NodeConfig.readAdmin(file)).status();
  }

  /** Binds all ports of a node, which fails if somebody listens there. */
  private static void assertListensNowhere(Path file) throws Exception {
    for (int port : Configurations.ports(file)) {
      try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        assertThat(taken.getLocalPort()).isEqualTo(port);
      }
    }
  }

  @Test
  void example_runs_andStandsOnThePage() throws Exception {
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("id", ArrowType.Utf8.INSTANCE),
                Field.notNullable("balance", INT64)));
    Path file = Configurations.write(root, 1);
    // region join
    try (Khonsu db = Khonsu.join(file, NodePresence.NEW)) { // later: Khonsu.join(file)
      Table accounts = db.createTable(TableSpec.rows("accounts", schema).primaryKey("id"));
      db.run(tx -> tx.upsert(accounts, accounts.row("alice", 100L)));
    } // ends the node
    // endregion
    try (Khonsu db = Khonsu.join(file)) {
      assertThat(db.table("accounts")).isPresent();
    }
    String source = Files.readString(SOURCE);
    int from = source.indexOf("// region join") + "// region join\n".length();
    String region = source.substring(from, source.indexOf("    // endregion", from));
    assertThat(Files.readString(PAGE)).contains(region.stripTrailing().stripIndent());
  }

  @Test
  void threeNodes_areOneStore_andOneComesBack() throws Exception {
    List<Path> files = clusterOfThree();
    List<Khonsu> stores = new ArrayList<>();
    try {
      for (Path file : files) {
        stores.add(Khonsu.join(file, NodePresence.NEW));
      }
      Table made = available(() -> stores.getFirst().createTable(COUNTERS));
      assertThat(made.name()).isEqualTo("counters");
      for (Khonsu store : stores) {
        assertThat(value(store)).isZero(); // it has the table then
      }
      incrementOnAll(stores);
      String address =
          "khonsu://127.0.0.1:%d?timeoutSeconds=200"
              .formatted(Configurations.ports(files.get(1)).getLast());
      try (Store client = Khonsu.connect(address)) {
        increment(client);
        assertThat(value(client)).isEqualTo(3 * INCREMENTS + 1);
      }

      stores.get(1).close();
      assertListensNowhere(files.get(1));
      incrementOnAll(List.of(stores.get(0), stores.get(2)));
      stores.set(1, Khonsu.join(files.get(1))); // it was there before
      for (Khonsu store : stores) {
        assertThat(value(store)).isEqualTo(5 * INCREMENTS + 1);
      }
      List<String> hashes;
      do { // until all have applied as much
        hashes = new ArrayList<>();
        for (Path file : files) {
          JsonNode status = status(file);
          hashes.add(status.path("appliedIndex") + " " + status.path("stateHash"));
        }
      } while (hashes.stream().distinct().count() > 1);
      assertThat(CommandRun.of("members", "list", files.getFirst()).out())
          .contains("1      127.0.0.1:", "2      127.0.0.1:", "3      127.0.0.1:");
    } finally {
      stores.forEach(Khonsu::close);
    }
    for (Path file : files) {
      assertListensNowhere(file);
    }
  }

  @Test
  void close_byManyAtOnce_endsTheWholeNodeOnce() throws Exception {
    Path file = Configurations.write(root, 1);
    Files.writeString(
        file,
        "client = 127.0.0.1:%d%narchive = archive%n".formatted(Configurations.freePort()),
        StandardOpenOption.APPEND);
    Khonsu db = Khonsu.join(file, NodePresence.NEW);
    var _ = available(() -> db.createTable(COUNTERS));
    incrementOnAll(List.of(db));
    long newest = db.newestVersion();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> closing = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        closing.add(
            threads.submit(() -> {
              db.close();
              assertThatThrownBy(() -> status(file)) // whoever closes waits for the end
                  .isInstanceOf(IOException.class);
            }));
      }
      for (Future<?> each : closing) {
        each.get();
      }
    }
    db.close();
    assertThatThrownBy(db::begin).isInstanceOf(StoreClosedException.class);
    assertListensNowhere(file);
    Backups archived = Backups.open(DirectoryArchiveStore.at(root.resolve("archive")));
    assertThat(archived.plan(new RestoreTarget.Latest()).version()).isEqualTo(newest);
    try (Khonsu again = Khonsu.join(file)) {
      assertThat(value(again)).isEqualTo(INCREMENTS);
    }
  }

  @Test
  void joiningNode_waitsUntilItIsAdded_andLeavesWhenItIsRemoved() throws Exception {
    Path first = Configurations.write(root, 1);
    Path second = Configurations.write(root, 2);
    Files.writeString(
        second,
        "node.1 = 127.0.0.1:%d%n".formatted(Configurations.ports(first).getFirst()),
        StandardOpenOption.APPEND);
    try (Khonsu one = Khonsu.join(first, NodePresence.NEW);
        Khonsu two = Khonsu.join(second, NodePresence.JOINING)) {
      var _ = available(() -> one.createTable(COUNTERS));
      assertThatThrownBy(two::snapshot)
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("waits until a member adds it");
      String added = "2=127.0.0.1:" + Configurations.ports(second).getFirst();
      assertThat(CommandRun.of("members", "add", first, added).exitCode()).isZero();
      assertThat(value(two)).isZero();
      increment(two);
      assertThat(CommandRun.of("members", "remove", first, "2").exitCode()).isZero();
      while (status(second).path("standing").asText().equals("MEMBER")) {
        Thread.sleep(1); // until it has heard of it
      }
      Table table = counters(two);
      assertThatThrownBy(() -> two.run(tx -> tx.delete(table, 1L)))
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("was removed from the cluster");
      assertThat(value(one)).isEqualTo(1);
    }
  }
}
