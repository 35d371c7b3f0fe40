package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.ReplicatedStore;
import io.khonsu.Row;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.backup.Archiver;
import io.khonsu.backup.ArchiverOptions;
import io.khonsu.backup.BackupProgress;
import io.khonsu.backup.Backups;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.backup.RestoreTarget;
import io.khonsu.backup.Window;
import io.khonsu.durable.DurableSettings;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commits that nodes have applied, and what archivers make of them. */
class NodeHistoryTest {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final TableSpec TEXTS =
      TableSpec.rows(
              "texts",
              new Schema(
                  List.of(
                      Field.notNullable("id", new ArrowType.Int(64, true)),
                      Field.notNullable("text", ArrowType.Utf8.INSTANCE))))
          .primaryKey("id");
  private static final StoreConfig STORE =
      StoreConfig.builder().compactionRowsPerSecond(0).retention(Duration.ofHours(1)).build();

  /** A sixteenth of what a segment takes. */
  private static final String LARGE = "x".repeat(1 << 20);

  @TempDir private Path root;

  /** Nodes that write a checkpoint often, so that who is absent needs a snapshot. */
  private static Nodes nodes() throws IOException {
    Nodes nodes = new Nodes(0, STORE);
    for (long id = 1; id <= 3; id++) {
      nodes.start(config(id), NodePresence.NEW, nodes.network().of(id));
    }
    return nodes;
  }

  private static ClusterConfig config(long id) {
    return Nodes.withSmallCheckpoints(Nodes.config(5, id, 1, 2, 3));
  }

  private static void put(ClusterMember member, long from, long to, String text) {
    Khonsu store = member.store();
    Table table = store.table("texts").orElseGet(() -> store.createTable(TEXTS));
    for (long id = from; id < to; id++) {
      long number = id;
      store.run(tx -> tx.upsert(table, table.row(number, text + number)));
    }
  }

  /** {@return the version of all that was acknowledged} */
  private static long newest(ClusterMember member) {
    try (Snapshot snapshot = member.store().snapshot()) {
      return snapshot.version();
    }
  }

  private static Archiver archiver(ClusterMember member, Path directory) {
    return Archiver.start(
        member.history(), DirectoryArchiveStore.at(directory), ArchiverOptions.defaults());
  }

  private static List<LogRecord> read(ReplicatedHistory history) throws IOException {
    List<LogRecord> records = new ArrayList<>();
    history.read(0, records::add);
    return records;
  }

  /** {@return every segment, by its name} */
  private static Map<String, byte[]> segments(Path archive) throws IOException {
    Map<String, byte[]> contents = new TreeMap<>();
    try (Stream<Path> files = Files.list(archive.resolve("t0001/shard-00/log"))) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    return contents;
  }

  /** Asked on the event loop, at the moment when the owner is told: nothing can come between. */
  @Test
  void whoIsToldOfACommit_findsItInTheHistory() throws Exception {
    try (Nodes nodes = nodes()) {
      DistributedCommitManager manager = nodes.member(1).manager();
      assertThat(newest(nodes.member(1))).isZero(); // there is a leader
      CompletableFuture<ClientReply> opened = new CompletableFuture<>();
      assertThat(manager.openSession(opened::complete)).isTrue();
      long session =
          ((Outcome.SessionOpened) ((ClientReply.Done) opened.join()).outcome()).session();
      byte[] request = manager.replicatedStore().request(TEXTS);
      CompletableFuture<Long> inHistory = new CompletableFuture<>();
      CompletableFuture<Outcome> decided = new CompletableFuture<>();
      Submission commit = new Submission.Commit(CommitIds.of(session, 1), 1, request);
      boolean taken =
          manager.submit(
              commit,
              reply -> {
                inHistory.complete(manager.history().lastVersion());
                decided.complete(((ClientReply.Done) reply).outcome());
              });
      assertThat(taken).isTrue();
      byte[] answer = ((Outcome.Decided) decided.join()).answer();
      assertThat(inHistory.join()).isEqualTo(ReplicatedStore.committedVersion(answer));
    }
  }

  @Test
  void segments_areTheSame_ofANodeThatWasThere_wasStartedAgain_orTookASnapshot() throws Exception {
    Path one = root.resolve("one");
    Path two = root.resolve("two");
    Path three = root.resolve("three");
    long middle;
    long end;
    Map<Long, String> rows;
    try (Nodes nodes = nodes()) {
      try (Archiver first = archiver(nodes.member(1), one)) {
        archiveFromARestartedNode(nodes, two, three);
        middle = newest(nodes.member(1));
        put(nodes.member(1), 12, 19, LARGE);
        end = newest(nodes.member(1));
        first.awaitArchived(end, LONG);
        rows = rows(nodes.member(1).store(), middle);
      }
      nodes.start(config(3), NodePresence.EXISTING, nodes.network().of(3));
      for (var place : Map.of(2L, two, 3L, three).entrySet()) {
        try (Archiver next = archiver(nodes.member(place.getKey()), place.getValue())) {
          next.awaitArchived(end, LONG);
        }
      }
      assertThat(nodes.member(3).status().counts().snapshotsInstalled()).isPositive();
    }
    Map<String, byte[]> segments = segments(one);
    assertThat(segments.keySet()).hasSize(2).anyMatch(name -> name.endsWith(".seg"));
    assertThat(segments(two)).containsExactlyEntriesOf(segments);
    assertThat(segments(three)).containsExactlyEntriesOf(segments);
    for (Path place : List.of(one, two, three)) { // nobody has a gap
      assertThat(Backups.open(DirectoryArchiveStore.open(place)).status().windows())
          .containsExactly(new Window(1, 0, end));
    }
    checkRestored(three, middle, rows);
  }

  /** Nodes 2 and 3 archive a part, then end; node 2 comes back at once. */
  private static void archiveFromARestartedNode(Nodes nodes, Path two, Path three)
      throws Exception {
    put(nodes.member(2), 0, 6, LARGE);
    long version = newest(nodes.member(2));
    for (var place : Map.of(2L, two, 3L, three).entrySet()) {
      try (Archiver archiver = archiver(nodes.member(place.getKey()), place.getValue())) {
        archiver.awaitArchived(version, LONG);
      }
      nodes.stop(place.getKey());
      if (place.getKey() == 3L) {
        continue;
      }
      nodes.start(config(2), NodePresence.EXISTING, nodes.network().of(2));
    }
    put(nodes.member(1), 6, 12, LARGE);
  }

  private void checkRestored(Path archive, long version, Map<Long, String> expected)
      throws IOException {
    Backups backups = Backups.open(DirectoryArchiveStore.open(archive));
    assertThat(backups.verify(root.resolve("scratch"), BackupProgress.NONE).findings()).isEmpty();
    var _ =
        backups.restore(
            backups.plan(new RestoreTarget.AtVersion(version)),
            root.resolve("restored"),
            DurableSettings.defaults(),
            BackupProgress.NONE);
    try (Khonsu restored = Khonsu.open(root.resolve("restored"))) {
      assertThat(restored.newestVersion()).isEqualTo(version);
      assertThat(rows(restored, version)).hasSize(12).isEqualTo(expected);
    }
  }

  private static Map<Long, String> rows(Khonsu store, long version) {
    Map<Long, String> rows = new TreeMap<>();
    try (Snapshot snapshot = store.snapshotAt(version)) {
      for (Row row : snapshot.scan(store.table("texts").orElseThrow()).rows()) {
        rows.put(row.getLong("id"), row.getString("text"));
      }
    }
    return rows;
  }

  @Test
  void oneArchive_isShared_alsoByNodesThatComeAndGo() throws Exception {
    Path shared = root.resolve("shared");
    long end;
    try (Nodes nodes = nodes()) {
      try (Archiver one = archiver(nodes.member(1), shared)) {
        try (Archiver two = archiver(nodes.member(2), shared)) {
          put(nodes.member(1), 0, 10, LARGE);
          two.awaitArchived(newest(nodes.member(1)), LONG);
        }
        put(nodes.member(1), 10, 18, LARGE);
        try (Archiver three = archiver(nodes.member(3), shared)) {
          end = newest(nodes.member(1));
          three.awaitArchived(end, LONG);
          one.awaitArchived(end, LONG);
        }
      }
    }
    Backups backups = Backups.open(DirectoryArchiveStore.open(shared));
    assertThat(backups.status().windows()).containsExactly(new Window(1, 0, end));
    assertThat(backups.verify(root.resolve("scratch"), BackupProgress.NONE).findings()).isEmpty();
  }

  /** Reads while commits move from memory to the disk: never is one missing, or there twice. */
  @Test
  void history_hasNoHole_whileCheckpointsAreWritten() throws Exception {
    try (Nodes nodes = nodes()) {
      ReplicatedHistory history = nodes.member(1).history();
      put(nodes.member(1), 0, 1, "");
      AtomicBoolean ended = new AtomicBoolean();
      CompletableFuture<Map<Integer, Integer>> reading =
          CompletableFuture.supplyAsync(() -> readUntil(ended, history));
      put(nodes.member(1), 1, 300, "");
      ended.set(true);
      Map<Integer, Integer> seen = reading.get();
      List<LogRecord> all = read(history);
      assertThat(seen).isNotEmpty();
      seen.forEach((count, hash) -> assertThat(all.subList(0, count).hashCode()).isEqualTo(hash));
      assertThat(all.getLast().version()).isEqualTo(history.lastVersion());
      List<LogRecord> behind = new ArrayList<>();
      history.read(all.get(100).version(), behind::add);
      assertThat(behind).isEqualTo(all.subList(101, all.size()));
    }
  }

  /** {@return the hashes of what was read, by how many commits there were} */
  private static Map<Integer, Integer> readUntil(AtomicBoolean ended, ReplicatedHistory history) {
    Map<Integer, Integer> seen = new TreeMap<>();
    try {
      do {
        long least = history.syncedVersion();
        List<LogRecord> records = read(history);
        assertThat(records.getLast().version()).isGreaterThanOrEqualTo(least);
        Integer other = seen.put(records.size(), records.hashCode());
        assertThat(other == null || other == records.hashCode()).isTrue();
      } while (!ended.get());
    } catch (IOException e) {
      throw new IllegalStateException("a history on the heap cannot be read", e);
    }
    return seen;
  }

  @Test
  void history_hasOneId_onAllNodes_andOverRestarts_andNoneBeforeItsFirstCommit() throws Exception {
    try (Nodes nodes = new Nodes(3, STORE)) {
      assertThat(nodes.member(1).history().id()).isEmpty();
      assertThat(nodes.member(1).history().lastVersion()).isZero();
      put(nodes.member(1), 0, 5, "");
      long version = newest(nodes.member(3)); // it has applied them then
      var id = nodes.member(1).history().id();
      assertThat(id).isPresent();
      assertThat(id.orElseThrow().getMostSignificantBits()).isEqualTo(5);
      assertThat(nodes.member(3).history().id()).isEqualTo(id);
      nodes.stop(1);
      nodes.start(1, NodePresence.EXISTING);
      put(nodes.member(1), 5, 6, "");
      assertThat(newest(nodes.member(1))).isGreaterThan(version);
      assertThat(nodes.member(1).history().id()).isEqualTo(id);
      ReplicatedHistory ended = nodes.member(1).history();
      nodes.stop(1);
      assertThatThrownBy(() -> read(ended)).isInstanceOf(IllegalStateException.class);
      nodes.start(1, NodePresence.EXISTING);
    }
  }
}
