package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables that come and go while transactions run. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class TableLifeTest {
  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  private Khonsu open(InMemoryStorage storage) {
    return Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system());
  }

  private static void fill(Khonsu db, Table table) {
    db.run(tx -> {
      for (int i = 0; i < 2_000; i++) {
        tx.upsert(table, table.row("k" + i, (long) i));
      }
    });
  }

  @ParameterizedTest
  @EnumSource(IsolationLevel.class)
  void drop_whileTransactionUsesTheTable_refusesItsCommitAndKeepsItsResults(IsolationLevel level) {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table table = Items.rows(db, "items");
      fill(db, table);
      try (Transaction tx = db.begin(TransactionOptions.of(level));
          Snapshot reader = db.snapshot()) {
        ScanResult found = tx.scan(table);
        ScanResult foundByReader = reader.scan(table);
        RecordBatch batch = tx.scan(table, KeyRange.prefix("k1")).toBatch();
        tx.upsert(table, table.row("own", 1L));
        db.dropTable(table);
        db.collect();
        assertThat(found.rows()).hasSize(2_000);
        assertThat(foundByReader.toBatch().rowCount()).isEqualTo(2_000);
        assertThat(batch.vector("value").getObject(0)).isEqualTo(1L);
        assertThatThrownBy(() -> tx.get(table, "k1")).isInstanceOf(TableDroppedException.class);
        assertThatThrownBy(() -> reader.get(table, "k1")).isInstanceOf(TableDroppedException.class);
        assertThatThrownBy(tx::commit)
            .isInstanceOf(TableDroppedException.class)
            .hasMessageContaining("items");
      }
      db.collect();
      assertThat(db.statistics().held().items()).isZero();
      assertThat(db.statistics().held().memoryBytes()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(IsolationLevel.class)
  void table_createdAfterTheTransactionBegan_isAConflictToBeRetried(IsolationLevel level) {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      try (Transaction tx = db.begin(TransactionOptions.of(level))) {
        Table table = Items.rows(db, "items");
        tx.upsert(table, table.row("a", 1L));
        assertThatThrownBy(tx::commit)
            .isInstanceOf(TransactionConflictException.class)
            .hasMessageContaining("items");
        boolean[] isFirst = {true};
        db.run(
            TransactionOptions.of(level),
            retried -> {
              if (isFirst[0]) {
                isFirst[0] = false;
                Items.rows(db, "others");
              }
              Table others = db.table("others").orElseThrow();
              retried.upsert(others, others.row("b", 2L));
            });
        assertThat(Items.state(db, db.table("others").orElseThrow())).containsEntry("b", 2L);
      }
    }
  }

  @Test
  void createTable_failing_leavesNothing() {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      assertThatThrownBy(() -> db.createTable(TableSpec.rows("x", Items.ROW).primaryKey("no")))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(db.statistics().held().items()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tables_createdAndDroppedUnderWriters_leaveAConsistentStore(boolean isStored) {
    InMemoryStorage storage = new InMemoryStorage();
    List<String> left;
    try (Khonsu db =
        isStored ? open(storage) : Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      AtomicBoolean done = new AtomicBoolean();
      Threads.run(
          4,
          number -> {
            if (number == 0) {
              for (int i = 0; i < 60; i++) {
                db.table("items").ifPresent(db::dropTable);
                fill(db, Items.rows(db, "items"));
              }
              done.set(true);
            } else {
              useTables(db, number, done);
            }
          });
      db.collect();
      db.dropTable(db.table("items").orElseThrow());
      db.collect();
      assertThat(db.statistics().held().openViews()).isZero();
      assertThat(db.statistics().held().items()).isZero();
      assertThat(db.statistics().held().memoryBytes()).isZero();
      Items.put(db, Items.rows(db, "last"), "a", 1);
      left = db.tables().stream().map(Table::name).toList();
    }
    if (isStored) {
      try (Khonsu again = open(storage)) {
        assertThat(again.tables().stream().map(Table::name).toList()).isEqualTo(left);
        assertThat(again.statistics().held().items()).isEqualTo(2);
      }
    }
  }

  private static void useTables(Khonsu db, int number, AtomicBoolean done) {
    List<IsolationLevel> levels = List.of(IsolationLevel.values());
    for (int i = 0; !done.get(); i++) {
      Table table = db.table("items").orElse(null);
      if (table == null) {
        continue;
      }
      try (Transaction tx = db.begin(TransactionOptions.of(levels.get(i % levels.size())))) {
        assertThat(tx.scan(table, KeyRange.prefix("k")).toBatch().rowCount()).isIn(0, 2_000);
        tx.upsert(table, table.row("own" + number, (long) i));
        tx.commit();
      } catch (TableDroppedException | TransactionConflictException _) {
        // As it may be.
      }
    }
  }
}
