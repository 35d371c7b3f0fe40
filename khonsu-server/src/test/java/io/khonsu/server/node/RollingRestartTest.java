package io.khonsu.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Row;
import io.khonsu.Store;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three processes are stopped or killed, and started again, one after the other, under clients. */
@Tag("long")
class RollingRestartTest {
  private static final String PROGRAM = "io.khonsu.server.KhonsuCommand";
  private static final Duration TIMEOUT = Duration.ofMinutes(5);
  private static final int CLIENTS = 3;

  private static final ArrowType INT64 = new ArrowType.Int(Long.SIZE, true);

  private final AtomicBoolean isOver = new AtomicBoolean();
  private final AtomicLong acknowledged = new AtomicLong();
  private final List<CompletableFuture<Void>> clients = new ArrayList<>();

  @TempDir private Path root;

  @Test
  void noCallOfAClientFails_andEveryCommitCountsOnce() throws Exception {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        LocalCluster cluster = LocalCluster.create(root, 3, PROGRAM, List.of())) {
      List<Long> all = List.of(1L, 2L, 3L);
      var _ = cluster.awaitLeader(all, TIMEOUT);
      String address = cluster.address().orElseThrow() + "?timeoutSeconds=300";
      try (Store db = Khonsu.connect(address)) {
        Schema schema =
            new Schema(List.of(Field.notNullable("id", INT64), Field.notNullable("value", INT64)));
        Table table = db.createTable(TableSpec.rows("counters", schema).primaryKey("id"));
        db.run(tx -> tx.insert(table, table.row(1L, 0L)));
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(CompletableFuture.runAsync(() -> count(db, table), executor));
        }
        for (long node : all) {
          awaitCommits();
          assertThat(cluster.stopOne(node)).isEqualTo(143);
          awaitCommits();
          cluster.restart(node);
          var _ = cluster.awaitLeader(all, TIMEOUT);
        }
        awaitCommits();
        cluster.kill(2);
        awaitCommits();
        cluster.restart(2);
        var _ = cluster.awaitLeader(all, TIMEOUT);
        isOver.set(true);
        clients.forEach(CompletableFuture::join);
        assertThat(value(db, table)).isEqualTo(acknowledged.get());
      }
    }
  }

  private static long value(Store db, Table table) {
    return db.readOnly(snapshot -> snapshot.get(table, 1L).orElseThrow().getLong("value"));
  }

  private void count(Store db, Table table) {
    while (!isOver.get()) {
      db.run(tx -> {
        Row row = tx.get(table, 1L).orElseThrow();
        tx.update(table, row.with("value", row.getLong("value") + 1));
      });
      acknowledged.incrementAndGet();
    }
  }

  private void awaitCommits() {
    long before = acknowledged.get();
    while (acknowledged.get() < before + 20) {
      clients.stream().filter(CompletableFuture::isDone).forEach(CompletableFuture::join);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
