package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.Khonsu;
import io.khonsu.Row;
import io.khonsu.Store;
import io.khonsu.Table;
import io.khonsu.server.node.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that share an archive and are killed while they write it. */
class ArchiveCrashTest {
  private static final String PROGRAM = "io.khonsu.server.KhonsuCommand";
  private static final List<Long> NODES = List.of(1L, 2L, 3L);

  /** Long enough for any machine: no time decides whether a test passes. */
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  @TempDir private Path root;

  @Test
  void killedNodes_leaveAWholeArchive_thatHasWhatTheClusterHas() throws Exception {
    check(0);
  }

  @Test
  @Tag("long")
  void nodesKilledOftener_leaveAWholeArchive_thatHasWhatTheClusterHas() throws Exception {
    check(8);
  }

  /** Kills leaders, at last all nodes at once. */
  private void check(int leaders) throws Exception {
    Path directory = root.resolve("cluster");
    Path archive = root.resolve("archive");
    for (Path file : LocalCluster.configure(directory, NODES.size())) {
      String lines = "archive = %s%narchive.timeout = 10ms%n".formatted(archive);
      Files.writeString(file, lines, StandardOpenOption.APPEND);
    }
    Map<String, List<String>> rows;
    try (LocalCluster cluster =
        LocalCluster.open(directory, PROGRAM, List.of("--workload", "--new"))) {
      cluster.setOptions(List.of("--workload"));
      for (int kill = 0; kill < leaders; kill++) {
        long leader = cluster.awaitLeader(NODES, TIMEOUT);
        awaitArchived(cluster, leader, archivedVersion(cluster, leader) + 1);
        cluster.kill(leader);
        cluster.restart(leader);
      }
      long leader = cluster.awaitLeader(NODES, TIMEOUT);
      awaitArchived(cluster, leader, archivedVersion(cluster, leader) + 1);
      for (long node : NODES) {
        cluster.kill(node);
      }
      cluster.setOptions(List.of()); // nobody writes any more
      for (long node : NODES) {
        cluster.restart(node);
      }
      var _ = cluster.awaitLeader(NODES, TIMEOUT);
      String address = cluster.address().orElseThrow() + "?timeoutSeconds=300";
      try (Store client = Khonsu.connect(address)) {
        rows = rows(client);
        awaitArchived(cluster, 1, client.readOnly(snapshot -> snapshot.version()));
      }
      assertThat(cluster.stop()).containsOnly(143);
    }
    CommandRun verified =
        CommandRun.of("backup", "verify", "--archive", archive, "--restore", root.resolve("all"));
    assertThat(verified.out())
        .contains("all is well")
        .containsOnlyOnce("restorable: versions 0 to");
    Path restored = root.resolve("restored");
    assertThat(
            CommandRun.of("restore", "--archive", archive, "--latest", "--into", restored)
                .exitCode())
        .isZero();
    try (Khonsu store = Khonsu.open(restored)) {
      assertThat(rows).isNotEmpty();
      assertThat(rows(store)).isEqualTo(rows);
    }
  }

  private static long archivedVersion(LocalCluster cluster, long node) throws IOException {
    JsonNode status = cluster.admin(node).status();
    return status.at("/archive/archivedVersion").asLong();
  }

  private static void awaitArchived(LocalCluster cluster, long node, long version)
      throws IOException {
    while (archivedVersion(cluster, node) < version) {
      Thread.onSpinWait();
    }
  }

  private static Map<String, List<String>> rows(Store store) {
    Map<String, List<String>> rows = new TreeMap<>();
    for (Table table : store.tables()) {
      rows.put(
          table.name(),
          store.readOnly(
              snapshot -> snapshot.scan(table).rows().stream().map(Row::toString).toList()));
    }
    return rows;
  }
}
