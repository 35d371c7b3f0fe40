package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Row;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes with disks on RocksDB: what they keep, what they refuse, and what they force when. */
class RocksDbClusterTest {
  private static final ArrowType INT64 = new ArrowType.Int(64, true);
  private static final TableSpec NUMBERS =
      TableSpec.rows(
              "numbers",
              new Schema(List.of(Field.notNullable("id", INT64), Field.notNullable("n", INT64))))
          .primaryKey("id");
  private static final StoreConfig STORE = StoreConfig.builder().compactionRowsPerSecond(0).build();

  @TempDir private Path root;

  private Path directory(long node) {
    return root.resolve("node-" + node);
  }

  private Nodes nodes(int count) throws IOException {
    return new Nodes(
        count,
        STORE,
        (config, presence) -> Cluster.disk(directory(config.member().node()), config, presence));
  }

  private static void put(Khonsu store, long from, long to) {
    for (long id = from; id < to; id++) {
      long number = id;
      store.run(tx -> {
        Table table = store.table("numbers").orElseThrow();
        tx.upsert(table, table.row(number, number * number));
      });
    }
  }

  private static void checkNumbers(Khonsu store, long count) {
    List<Row> rows = store.readOnly(view -> view.scan(store.table("numbers").orElseThrow()).rows());
    assertThat(rows).hasSize((int) count);
    for (int i = 0; i < count; i++) {
      assertThat(rows.get(i).getLong("id")).isEqualTo(i);
      assertThat(rows.get(i).getLong("n")).isEqualTo((long) i * i);
    }
  }

  @Test
  void stoppedAndOpenedAgain_haveAllThatWasAcknowledged() throws Exception {
    try (Nodes nodes = nodes(3)) {
      var _ = nodes.member(1).store().createTable(NUMBERS);
      put(nodes.member(1).store(), 0, 20);
      nodes.stop(1);
      put(nodes.member(2).store(), 20, 40);
      nodes.start(1, NodePresence.EXISTING);
      checkNumbers(nodes.member(1).store(), 40);
      put(nodes.member(1).store(), 40, 60);
      for (long id = 1; id <= 3; id++) {
        nodes.stop(id);
      }
      for (long id = 1; id <= 3; id++) {
        nodes.start(id, NodePresence.EXISTING);
      }
      checkSameState(nodes, 60);
    }
  }

  /** Small checkpoints, so that the log is trimmed and the absent node needs a snapshot. */
  @Test
  void longAbsentNode_takesASnapshot_andKeepsIt() throws Exception {
    try (Nodes nodes = nodes(0)) {
      for (long id = 1; id <= 3; id++) {
        nodes.start(smallCheckpoints(id), NodePresence.NEW, nodes.network().of(id));
      }
      var _ = nodes.member(1).store().createTable(NUMBERS);
      put(nodes.member(1).store(), 0, 5);
      nodes.stop(3);
      put(nodes.member(1).store(), 5, 120);
      nodes.start(smallCheckpoints(3), NodePresence.EXISTING, nodes.network().of(3));
      checkNumbers(nodes.member(3).store(), 120);
      assertThat(nodes.member(3).status().counts().snapshotsInstalled()).isPositive();
      for (long id = 1; id <= 3; id++) {
        nodes.stop(id);
      }
      for (long id = 1; id <= 3; id++) {
        nodes.start(smallCheckpoints(id), NodePresence.EXISTING, nodes.network().of(id));
      }
      checkSameState(nodes, 120);
    }
  }

  private static ClusterConfig smallCheckpoints(long id) {
    return Nodes.withSmallCheckpoints(ClusterConfig.of(5, id, 1, 2, 3));
  }

  private static void checkSameState(Nodes nodes, long count) {
    TreeMap<Long, Long> hashes = new TreeMap<>();
    for (long id = 1; id <= 3; id++) {
      checkNumbers(nodes.member(id).store(), count);
      NodeStatus status = nodes.member(id).status();
      Long other = hashes.putIfAbsent(status.appliedIndex(), status.stateHash());
      assertThat(other == null || other == status.stateHash()).as("%s", status).isTrue();
    }
  }

  @Test
  void emptyDisk_ofANodeThatWasThere_isRefused() throws Exception {
    try (Nodes nodes = nodes(1)) {
      nodes.stop(1);
      deleteTree(directory(1));
      refused(
          () -> nodes.start(1, NodePresence.EXISTING),
          Reason.DATA_LOSS,
          "does not hold node 1 of group 1 of cluster 5",
          "as one that joins");
      Files.createDirectory(directory(1));
      refused(() -> nodes.start(1, NodePresence.EXISTING), Reason.DATA_LOSS, "as one that joins");
    }
  }

  @Test
  void diskOfAnotherNode_orNone_isRefused() throws Exception {
    try (Nodes nodes = nodes(1)) {
      nodes.stop(1);
      Files.move(directory(1), directory(2));
      ClusterConfig second = ClusterConfig.of(5, 2, 1, 2);
      refused(
          () -> nodes.start(second, NodePresence.EXISTING, nodes.network().of(2)),
          Reason.FOREIGN_PART,
          "belongs to node 1 of group 1 of cluster 5",
          "its own directory");
      refused(
          () -> nodes.start(second, NodePresence.NEW, nodes.network().of(2)),
          Reason.FOREIGN_PART,
          "its own directory");
      Files.createDirectory(directory(1));
      Files.writeString(directory(1).resolve("letter.txt"), "Dear");
      refused(
          () -> nodes.start(1, NodePresence.NEW),
          Reason.NOT_A_STORE,
          "not an empty directory",
          "name");
    }
  }

  @Test
  void diskThatIsThere_isNoNewOne_andHasOneUser() throws Exception {
    try (Nodes nodes = nodes(1)) {
      var _ = nodes.member(1).store().createTable(NUMBERS);
      refused(() -> nodes.start(1, NodePresence.EXISTING), Reason.IN_USE, "close it there first");
      nodes.stop(1);
      refused(() -> nodes.start(1, NodePresence.NEW), Reason.NOT_A_STORE, "not as new");
      nodes.start(1, NodePresence.EXISTING);
      checkNumbers(nodes.member(1).store(), 0);
    }
  }

  /** RocksDB alone opens without its write-ahead log, and says nothing. */
  @Test
  void diskWithoutItsLog_isRefused() throws Exception {
    try (Nodes nodes = nodes(1)) {
      var _ = nodes.member(1).store().createTable(NUMBERS);
      put(nodes.member(1).store(), 0, 10);
      nodes.stop(1);
      try (Stream<Path> files = Files.list(directory(1).resolve("data"))) {
        for (Path log : files.filter(file -> file.toString().endsWith(".log")).toList()) {
          Files.delete(log);
        }
      }
      refused(
          () -> nodes.start(1, NodePresence.EXISTING),
          Reason.DATA_LOSS,
          "writes",
          "as one that joins");
    }
  }

  @Test
  void interruptedCreation_isBegunAnew() throws Exception {
    try (Nodes nodes = nodes(0)) {
      Cluster.disk(directory(1), ClusterConfig.of(5, 1, 1), NodePresence.NEW).close();
      ClusterConfig config = ClusterConfig.of(5, 1, 1);
      refused(
          () -> nodes.start(config, NodePresence.EXISTING, nodes.network().of(1)),
          Reason.NOT_A_STORE,
          "interrupted",
          "as new");
      nodes.start(config, NodePresence.NEW, nodes.network().of(1));
      assertThat(nodes.member(1).store().createTable(NUMBERS).name()).isEqualTo("numbers");
    }
  }

  @Test
  void damagedOwnerFile_isNamed() throws Exception {
    try (Nodes nodes = nodes(1)) {
      nodes.stop(1);
      Path file = directory(1).resolve("khonsu.disk");
      String text = Files.readString(file);
      Files.writeString(file, text.replace("node 1", "node 7"));
      assertThatThrownBy(() -> nodes.start(1, NodePresence.EXISTING))
          .isInstanceOf(DamagedStorageException.class)
          .hasMessageContaining("khonsu.disk");
      Files.writeString(file, text.replace("disk 1", "disk 2"));
      refused(() -> nodes.start(1, NodePresence.EXISTING), Reason.UNKNOWN_FORMAT, "disk 2");
      Files.writeString(file, text.substring(0, text.length() / 2));
      assertThatThrownBy(() -> nodes.start(1, NodePresence.EXISTING))
          .isInstanceOf(DamagedStorageException.class);
    }
  }

  @Test
  void whatAMessageSays_isForcedBefore() throws Exception {
    SyncWitness witness = witnessed(Set.of());
    assertThat(witness.promises()).isGreaterThanOrEqualTo(3);
    assertThat(witness.acceptances()).isGreaterThanOrEqualTo(40);
    assertThat(witness.faults()).isEmpty();
  }

  /** Else the test above could not fail. */
  @Test
  void nodesThatForceNothing_areNoticed() throws Exception {
    assertThat(witnessed(Set.of(Defect.NO_SYNC)).faults()).isNotEmpty();
  }

  private SyncWitness witnessed(Set<Defect> defects) throws IOException {
    SyncWitness witness = new SyncWitness();
    try (Nodes nodes =
        new Nodes(
            0,
            STORE,
            (config, presence) ->
                witness.watch(
                    config.member().node(),
                    Cluster.disk(directory(config.member().node()), config, presence)))) {
      for (long id = 1; id <= 3; id++) {
        ClusterConfig config = ClusterConfig.of(5, id, 1, 2, 3);
        Transport transport = witness.watch(config, nodes.network().of(id));
        nodes.start(config, NodePresence.NEW, transport, defects);
      }
      var _ = nodes.member(1).store().createTable(NUMBERS);
      put(nodes.member(1).store(), 0, 30);
      long leader = nodes.member(1).status().leader();
      nodes.stop(leader);
      long other = leader % 3 + 1;
      checkNumbers(nodes.member(other).store(), 30); // it may be behind, and not know the table
      put(nodes.member(other).store(), 30, 40);
    }
    return witness;
  }

  private static void refused(ThrowingCallable opening, Reason reason, String... parts) {
    assertThatThrownBy(opening)
        .isInstanceOfSatisfying(
            StorageRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContainingAll(parts);
  }

  private static void deleteTree(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
