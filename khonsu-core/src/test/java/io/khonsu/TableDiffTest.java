package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.testkit.LeakChecking;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How a table differs between two versions. */
@ExtendWith(LeakChecking.class)
class TableDiffTest {
  private Khonsu db;
  private Table table;
  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
    db = Khonsu.inMemory(StoreConfig.builder().retention(Duration.ofHours(1)).build(), root);
    table = Items.rows(db, "items");
  }

  @AfterEach
  void tearDown() {
    db.close();
  }

  private List<String> diff(Table of, long from, long to) {
    List<String> rows = new ArrayList<>();
    try (TableDiff diff = db.diff(of, from, to)) {
      for (RecordBatch batch : diff) {
        for (int i = 0; i < batch.rowCount(); i++) {
          StringBuilder row = new StringBuilder();
          for (Field field : batch.schema().getFields()) {
            row.append(batch.vector(field.getName()).getObject(i)).append(' ');
          }
          rows.add(row.toString().strip());
        }
      }
    }
    return rows;
  }

  @Test
  void diff_ofWhatIsNotThere_isRefused() {
    long newest = db.newestVersion();
    assertThatThrownBy(() -> db.diff(table, newest, db.newestVersion() + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> db.diff(table, -1, newest))
        .isInstanceOfSatisfying(
            SnapshotTooOldException.class,
            e -> assertThat(e.oldestVersion()).isEqualTo(db.oldestVersion()));
    assertThat(db.statistics().held().openViews()).isZero();
    TableDiff open = db.diff(table, newest, newest);
    Items.put(db, table, "a", 1);
    db.dropTable(table);
    assertThatThrownBy(() -> open.iterator().hasNext()).isInstanceOf(TableDroppedException.class);
    open.close();
    assertThatThrownBy(() -> db.diff(table, newest, newest))
        .isInstanceOf(TableDroppedException.class);
    Table other = Items.rows(db, "other");
    TableDiff left = db.diff(other, newest, db.newestVersion());
    db.close();
    assertThatThrownBy(() -> left.iterator().hasNext()).isInstanceOf(StoreClosedException.class);
    left.close();
  }

  @Test
  void diff_hasEveryChangedRowOnce_inKeyOrder() {
    Items.put(db, table, "b", 1);
    Items.put(db, table, "c", 1);
    long from = Items.put(db, table, "d", 1).version();
    Items.put(db, table, "b", 2);
    Items.put(db, table, "b", 3);
    Items.put(db, table, "a", 4);
    Items.put(db, table, "x", 4);
    db.run(tx -> tx.delete(table, "x"));
    db.run(tx -> tx.delete(table, "c"));
    long to = db.newestVersion();
    Items.put(db, table, "d", 9);
    db.compact();
    assertThat(diff(table, from, to))
        .containsExactly(
            "a INSERTED null {\"id\":\"a\",\"value\":4}",
            "b UPDATED {\"id\":\"b\",\"value\":1} {\"id\":\"b\",\"value\":3}",
            "c DELETED {\"id\":\"c\",\"value\":1} null");
    assertThat(diff(table, to, from))
        .containsExactly(
            "a DELETED {\"id\":\"a\",\"value\":4} null",
            "b UPDATED {\"id\":\"b\",\"value\":3} {\"id\":\"b\",\"value\":1}",
            "c INSERTED null {\"id\":\"c\",\"value\":1}");
    assertThat(diff(table, to, to)).isEmpty();
  }

  @Test
  void diff_ofABatchTable_hasWholeBatches() {
    Table batches = Items.batches(db, "batches");
    db.run(tx -> {
      Items.write(tx, batches, "grows", allocator, 1);
      Items.write(tx, batches, "goes", allocator, 7, 8);
      Items.write(tx, batches, "stays", allocator, 5);
    });
    long from = db.newestVersion();
    db.run(tx -> {
      Items.write(tx, batches, "grows", allocator, 1, 2);
      Items.write(tx, batches, "new", allocator);
      tx.delete(batches, "goes");
    });
    assertThat(diff(batches, from, db.newestVersion()))
        .containsExactly(
            "goes DELETED [{\"number\":7},{\"number\":8}] null",
            "grows UPDATED [{\"number\":1}] [{\"number\":1},{\"number\":2}]",
            "new INSERTED null []");
  }

  @Test
  void diff_ofManyRows_comesInBoundedBatches() {
    long from = db.newestVersion();
    int rows = 2 * TableDiff.ROWS_MAX + 10;
    db.run(tx -> {
      for (int i = 0; i < rows; i++) {
        tx.upsert(table, table.row("k%06d".formatted(i), (long) i));
      }
    });
    List<Integer> sizes = new ArrayList<>();
    try (TableDiff diff = db.diff(table, from, db.newestVersion())) {
      diff.forEach(batch -> sizes.add(batch.rowCount()));
    }
    assertThat(sizes).containsExactly(TableDiff.ROWS_MAX, TableDiff.ROWS_MAX, 10);
    assertThat(diff(table, from, db.newestVersion())).hasSize(rows).isSorted();
  }

  @Test
  void diff_ofAKeyColumnOfTheSameName_hasItsOwn() {
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("change", ArrowType.Utf8.INSTANCE),
                Field.notNullable("_change", ArrowType.Utf8.INSTANCE)));
    Table odd = db.createTable(TableSpec.rows("odd", schema).primaryKey("_change", "change"));
    long from = db.newestVersion();
    db.run(tx -> tx.upsert(odd, odd.row("x", "y")));
    try (TableDiff diff = db.diff(odd, from, db.newestVersion())) {
      assertThat(diff.schema().getFields())
          .extracting(Field::getName)
          .containsExactly("_change", "change", "__change", "before", "after");
    }
    assertThat(diff(odd, from, db.newestVersion()).getFirst()).startsWith("y x INSERTED null");
  }

  @Test
  void diff_ofRandomVersions_leadsFromOneToTheOther() {
    Seeds.check(
        20,
        random -> {
          Table rows = Items.rows(db, "r" + random.nextLong());
          List<Long> versions = new ArrayList<>(List.of(db.newestVersion()));
          for (int i = 0; i < 40; i++) {
            db.run(tx -> {
              for (int j = random.nextInt(4); j >= 0; j--) {
                String id = "k" + random.nextInt(12);
                if (random.nextBoolean()) {
                  tx.upsert(rows, rows.row(id, random.nextLong(100)));
                } else {
                  tx.delete(rows, id);
                }
              }
            });
            versions.add(db.newestVersion());
          }
          long from = versions.get(random.nextInt(versions.size()));
          long to = versions.get(random.nextInt(versions.size()));
          SortedMap<String, Long> state = new TreeMap<>();
          try (Snapshot snapshot = db.snapshotAt(from)) {
            state.putAll(Items.state(snapshot, rows));
          }
          try (TableDiff diff = db.diff(rows, from, to);
              Snapshot snapshot = db.snapshotAt(to)) {
            for (RecordBatch batch : diff) {
              applyAll(batch, state);
            }
            assertThat(state).isEqualTo(Items.state(snapshot, rows));
          }
        });
  }

  private static void applyAll(RecordBatch batch, Map<String, Long> state) {
    for (int i = 0; i < batch.rowCount(); i++) {
      String id = String.valueOf(batch.vector("id").getObject(i));
      Object before = batch.vector("before").getObject(i);
      Object after = batch.vector("after").getObject(i);
      assertThat(before instanceof Map<?, ?> old ? old.get("value") : null)
          .isEqualTo(state.get(id));
      if (after instanceof Map<?, ?> now) {
        state.put(id, (Long) now.get("value"));
      } else {
        state.remove(id);
      }
    }
    assertThat(batch.rowCount()).isPositive();
  }

  @Test
  void retentionBytes_boundTheHistory() {
    db.close();
    db =
        Khonsu.inMemory(
            StoreConfig.builder().retention(Duration.ofHours(1)).retentionBytes(100_000).build(),
            allocator);
    table = Items.rows(db, "items");
    long first = Items.put(db, table, "a", 0).version();
    for (int i = 0; i < 100; i++) {
      Items.put(db, table, "a", i);
    }
    db.collect();
    assertThat(diff(table, first, db.newestVersion())).hasSize(1);
    for (int i = 0; i < 10_000; i++) {
      Items.put(db, table, "a", i);
    }
    db.collect();
    long kept = db.statistics().held().versions();
    assertThat(kept).isBetween(200L, 1_700L);
    assertThatThrownBy(() -> db.snapshotAt(first))
        .isInstanceOfSatisfying(
            SnapshotTooOldException.class,
            e -> assertThat(e.oldestVersion()).isEqualTo(db.oldestVersion()).isGreaterThan(first));
    try (Snapshot oldest = db.snapshotAt(db.oldestVersion())) {
      assertThat(Items.value(oldest, table, "a")).isGreaterThan(8_000);
    }
  }
}
