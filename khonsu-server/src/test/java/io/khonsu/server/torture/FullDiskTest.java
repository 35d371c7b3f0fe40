package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.StoreException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.server.node.Configurations;
import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node writes until its disk is full; left out where the machine has no file system for that. */
class FullDiskTest {
  private static final long SIZE_BYTES = 512L << 20;
  private static final int RESERVE_BYTES = 300 << 20;
  private static final int ROW_BYTES = 100_000;
  private static final TableSpec ROWS =
      TableSpec.rows(
              "rows",
              new Schema(
                  List.of(
                      Field.notNullable("id", new ArrowType.Int(Long.SIZE, true)),
                      Field.notNullable("content", ArrowType.Binary.INSTANCE))))
          .primaryKey("id");

  @TempDir private Path root;

  private @Nullable LoopDisk disk;

  @BeforeEach
  void mount() throws Exception {
    try {
      FaultFamily.FULL_DISK.tryOut();
    } catch (IOException e) {
      abort(String.valueOf(e.getMessage()));
    }
    Path mountPoint = LocalCluster.disk(root, 1);
    disk = LoopDisk.make(root.resolve("image"), mountPoint, "ext4", SIZE_BYTES);
  }

  @AfterEach
  void unmount() throws Exception {
    if (disk != null) {
      disk.close();
    }
  }

  private static RunningNode start(NodeConfig config, NodePresence presence) throws IOException {
    return RunningNode.start(config, presence, RunningNode.Faults.REFUSED);
  }

  private static void insert(Khonsu store, long id) {
    Table table = store.table("rows").orElseThrow();
    store.run(tx -> tx.insert(table, table.row(id, new byte[ROW_BYTES])));
  }

  private static long writeUntilItFails(Khonsu store) {
    for (long id = 0; ; id++) {
      try {
        insert(store, id);
      } catch (StoreException e) {
        return id;
      }
    }
  }

  @Test
  void node_thatFillsItsDisk_stopsWithTheReason_andHasAllThatWasAcknowledged() throws Exception {
    NodeConfig config = NodeConfig.read(Configurations.write(root, 1));
    long acknowledged;
    try (RunningNode node = start(config, NodePresence.NEW)) {
      var _ = node.member().store().createTable(ROWS);
      Files.write(reserve(), new byte[RESERVE_BYTES]);
      acknowledged = writeUntilItFails(node.member().store());
      Throwable cause = node.member().awaitEnd();
      assertThat(cause).isInstanceOf(IOException.class).hasMessageContaining(LoopDisk.FULL);
    }
    assertThat(acknowledged).isPositive();
    try (RunningNode node = start(config, NodePresence.EXISTING)) {
      assertThat(node.member().manager().failure()).isNull(); // there was room for that
    } catch (IOException e) {
      assertThat(e).hasMessageContaining(LoopDisk.FULL);
    }
    Files.delete(reserve());
    try (RunningNode node = start(config, NodePresence.EXISTING)) {
      Khonsu store = node.member().store();
      assertThat(count(store)).isGreaterThanOrEqualTo(acknowledged);
      insert(store, Long.MAX_VALUE);
    }
  }

  private Path reserve() {
    return LocalCluster.disk(root, 1).resolve("reserve");
  }

  private static long count(Khonsu store) {
    return store.readOnly(view -> {
      Table table = store.table("rows").orElseThrow();
      return (long) view.scan(table).rows().size();
    });
  }
}
