package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.spi.InMemoryStorage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** The way of rows through the store: written, committed, read, recovered. */
class KhonsuTest {
  private static final Schema ACCOUNTS =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("balance", new ArrowType.Int(64, true))));

  private static Table accounts(Khonsu db) {
    return db.createTable(TableSpec.rows("accounts", ACCOUNTS).primaryKey("id"));
  }

  @Test
  void rows_committed_areReadAndScannedInKeyOrder() {
    try (Khonsu db = Khonsu.inMemory()) {
      Table accounts = accounts(db);
      db.transact(tx -> {
        tx.upsert(accounts, accounts.row("eu/2", 20L));
        tx.upsert(accounts, Row.of("id", "eu/1", "balance", 10L));
        tx.upsert(accounts, accounts.row("us/1", 30L));
        assertThat(tx.get(accounts, "eu/1")).hasValue(accounts.row("eu/1", 10L));
        return null;
      });
      db.transact(tx -> {
        tx.delete(accounts, "us/1");
        tx.update(accounts, accounts.row("eu/2", 21L));
        assertThat(tx.scan(accounts).rows())
            .containsExactly(accounts.row("eu/1", 10L), accounts.row("eu/2", 21L));
        return null;
      });
      long sum =
          db.readOnly(snapshot -> {
            long total = 0;
            for (RecordBatch batch : snapshot.scan(accounts, KeyRange.prefix("eu/"))) {
              BigIntVector balances = (BigIntVector) batch.vector("balance");
              for (int i = 0; i < batch.rowCount(); i++) {
                total += balances.get(i);
              }
            }
            return total;
          });
      assertThat(sum).isEqualTo(31);
      assertThat(db.statistics().held().openViews()).isZero();
    }
  }

  @Test
  void conflict_serializable_abortsTheSecondCommitter() {
    try (Khonsu db = Khonsu.inMemory()) {
      Table accounts = accounts(db);
      db.transact(tx -> {
        tx.upsert(accounts, accounts.row("a", 1L));
        return null;
      });
      try (Transaction first = db.begin();
          Transaction second = db.begin()) {
        first.upsert(accounts, first.get(accounts, "a").orElseThrow().with("balance", 2L));
        second.upsert(accounts, second.get(accounts, "a").orElseThrow().with("balance", 3L));
        long version = first.commit().version();
        assertThatThrownBy(second::commit)
            .isInstanceOf(TransactionConflictException.class)
            .hasMessageContaining("(\"a\")")
            .hasMessageContaining(String.valueOf(version));
      }
      try (Transaction first = db.begin(TransactionOptions.snapshot());
          Transaction second =
              db.begin(TransactionOptions.snapshot().onConflict(ConflictStrategy.REPLACE))) {
        first.upsert(accounts, accounts.row("a", 5L));
        second.upsert(accounts, accounts.row("a", 6L));
        first.commit();
        assertThat(second.commit().replaced()).hasSize(1);
      }
      Optional<Row> stored = db.readOnly(s -> s.get(accounts, "a"));
      assertThat(stored).hasValue(accounts.row("a", 6L));
    }
  }

  @Test
  void store_openedAgain_holdsWhatWasCommitted() {
    InMemoryStorage storage = new InMemoryStorage();
    long version;
    try (Khonsu db = Khonsu.open(StoreConfig.defaults(), storage)) {
      Table accounts = accounts(db);
      db.transact(tx -> {
        for (long i = 0; i < 1000; i++) {
          tx.upsert(accounts, accounts.row("k" + i, i));
        }
        return null;
      });
      db.transact(tx -> {
        tx.delete(accounts, "k7");
        return null;
      });
      version = db.newestVersion();
    }
    try (Khonsu db = Khonsu.open(StoreConfig.defaults(), storage)) {
      Table accounts = db.table("accounts").orElseThrow();
      assertThat(db.newestVersion()).isEqualTo(version);
      long rows = db.readOnly(s -> s.scan(accounts).rowCount());
      assertThat(rows).isEqualTo(999);
      db.dropTable(accounts);
      assertThat(db.tables()).isEmpty();
      assertThatThrownBy(() -> db.readOnly(s -> s.get(accounts, "k1")))
          .isInstanceOf(TableDroppedException.class);
      db.collect();
      assertThat(db.statistics().held().items()).isZero();
    }
  }

  /** An attempt may collide with a commit that is installed and not yet published. */
  @Test
  void counter_inMemory_incrementedByThreads_losesNothing() throws Exception {
    int threads = 4;
    int increments = 5_000;
    try (Khonsu db = Khonsu.inMemory()) {
      Table accounts = accounts(db);
      db.run(tx -> tx.upsert(accounts, accounts.row("a", 0L)));
      List<Future<?>> running = new ArrayList<>();
      try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
        for (int thread = 0; thread < threads; thread++) {
          running.add(
              executor.submit(() -> {
                for (int i = 0; i < increments; i++) {
                  db.run(tx -> increment(tx, accounts));
                }
              }));
        }
      }
      for (Future<?> thread : running) {
        thread.get();
      }
      Optional<Row> stored = db.readOnly(s -> s.get(accounts, "a"));
      assertThat(stored).hasValue(accounts.row("a", (long) threads * increments));
    }
  }

  private static void increment(Transaction tx, Table accounts) {
    Row row = tx.get(accounts, "a").orElseThrow();
    tx.upsert(accounts, row.with("balance", row.getLong("balance") + 1));
  }
}
