package io.khonsu;

import static io.khonsu.Batches.NUMBERS;
import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.testkit.LeakChecking;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a transaction has written, every one of its reads sees, on top of what is committed. */
@ExtendWith(LeakChecking.class)
class ReadYourWritesTest {
  private static final RowFilter EVEN = RowFilter.column("value").mod(2).eq(0);

  /** {@return a new store; others may run these tests on other kinds} */
  Store open(BufferAllocator allocator) {
    return Khonsu.inMemory(StoreConfig.defaults(), allocator);
  }

  private static Table rows(Store db) {
    return db.createTable(TableSpec.rows("rows", NUMBERS).primaryKey("id"));
  }

  @ParameterizedTest
  @EnumSource
  void everyRead_afterRandomWrites_equalsAMap(IsolationLevel level, BufferAllocator allocator) {
    Seeds.check(
        15,
        random -> {
          try (Store db = open(allocator)) {
            Table rows = rows(db);
            TreeMap<Long, Long> model = new TreeMap<>();
            for (int i = 0; i < 3; i++) {
              try (Transaction tx = db.begin(TransactionOptions.of(level))) {
                for (int step = 0; step < 12; step++) {
                  write(random, tx, rows, model, allocator);
                  check(random, tx, rows, model);
                }
                tx.commit();
              }
              try (Snapshot snapshot = db.snapshot()) {
                check(random, snapshot, rows, model);
              }
            }
          }
        });
  }

  private static void write(
      RandomGenerator random,
      Transaction tx,
      Table rows,
      NavigableMap<Long, Long> model,
      BufferAllocator allocator) {
    long id = random.nextLong(200);
    long value = random.nextLong(1_000);
    switch (random.nextInt(5)) {
      case 0, 1 -> {
        tx.upsert(rows, rows.row(id, value));
        model.put(id, value);
      }
      case 2 -> {
        tx.delete(rows, id);
        model.remove(id);
      }
      case 3 -> {
        tx.deleteAll(rows, List.of(id, id + 1));
        tx.insert(rows, rows.row(id, value));
        model.remove(id + 1);
        model.put(id, value);
      }
      default -> {
        int count = 1 + random.nextInt(random.nextBoolean() ? 5 : 1_500);
        try (VectorSchemaRoot root = Batches.numbers(allocator, id, count)) {
          tx.upsert(rows, root);
        }
        LongStream.range(id, id + count).forEach(i -> model.put(i, i * 100));
      }
    }
  }

  private static void check(
      RandomGenerator random, ReadView view, Table rows, NavigableMap<Long, Long> model) {
    assertThat(view.scan(rows).rows()).isEqualTo(expected(rows, model));
    long from = random.nextLong(200);
    long to = from + random.nextLong(100);
    var part = model.subMap(from, true, to, false);
    Scan scan = Scan.of(KeyRange.closedOpen(from, to)).columns("value", "id").where(EVEN);
    List<List<Object>> reordered = new ArrayList<>();
    part.forEach((id, value) -> {
      if (value % 2 == 0) {
        reordered.add(List.of(value, id));
      }
    });
    ScanResult result = view.scan(rows, scan);
    assertThat(result.rowCount()).isEqualTo(reordered.size());
    assertThat(Batches.values(result)).isEqualTo(reordered);
    assertThat(Batches.values(result.toBatch())).isEqualTo(reordered);
    assertThat(
            view.scan(rows, Scan.of(KeyRange.closedOpen(from, to)).columns(new String[0]))
                .toBatch())
        .satisfies(batch -> assertThat(batch.rowCount()).isEqualTo(part.size()));
    List<Long> keys = LongStream.range(from, to).boxed().toList().reversed();
    List<Long> found = keys.stream().filter(model::containsKey).toList();
    assertThat(Batches.values(view.getAll(rows, keys)))
        .isEqualTo(found.stream().map(id -> List.<Object>of(id, model.get(id))).toList());
    assertThat(view.contains(rows, from)).isEqualTo(model.containsKey(from));
    assertThat(view.get(rows, from))
        .isEqualTo(Optional.ofNullable(model.get(from)).map(value -> rows.row(from, value)));
  }

  private static List<Row> expected(Table rows, NavigableMap<Long, Long> model) {
    return model.entrySet().stream().map(e -> rows.row(e.getKey(), e.getValue())).toList();
  }

  @Test
  void batches_writtenDeletedAndWrittenAgain_areSeen(BufferAllocator allocator) {
    try (Store db = open(allocator);
        VectorSchemaRoot small = Batches.numbers(allocator, 0, 2);
        VectorSchemaRoot large = Batches.numbers(allocator, 0, 3_000);
        VectorSchemaRoot none = Batches.numbers(allocator, 0, 0)) {
      Table batches = db.createTable(TableSpec.batches("batches", NUMBERS));
      db.run(tx -> {
        tx.write(batches, "a", small);
        tx.write(batches, "c", small);
      });
      db.run(tx -> {
        tx.write(batches, "b", large);
        tx.write(batches, "d/1", none);
        tx.delete(batches, "c");
        tx.write(batches, "a", large);
        tx.write(batches, "a", small);
        assertThat(tx.names(batches)).containsExactly("a", "b", "d/1");
        assertThat(tx.names(batches, KeyRange.prefix("d/"))).containsExactly("d/1");
        assertThat(tx.names(batches, KeyRange.closedOpen("b", "d"))).containsExactly("b");
        assertThat(tx.read(batches, "c")).isEmpty();
        assertThat(tx.contains(batches, "c")).isFalse();
        assertThat(tx.read(batches, "d/1").orElseThrow().rowCount()).isZero();
        assertThat(tx.read(batches, "a").orElseThrow().rowCount()).isEqualTo(2);
        tx.write(batches, "c", large);
        assertThat(tx.read(batches, "c").orElseThrow().rowCount()).isEqualTo(3_000);
      });
      try (Snapshot snapshot = db.snapshot()) {
        assertThat(snapshot.names(batches)).containsExactly("a", "b", "c", "d/1");
        assertThat(snapshot.read(batches, "d/1").orElseThrow().rowCount()).isZero();
        assertThat(snapshot.read(batches, "b").orElseThrow().rowCount()).isEqualTo(3_000);
      }
    }
  }

  @Test
  void results_ofManyRows_comeInBatchesOfBoundedSize(BufferAllocator allocator) {
    int count = 150_000;
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
        VectorSchemaRoot root = Batches.numbers(allocator, 0, count)) {
      Table rows = rows(db);
      db.run(tx -> tx.insert(rows, root));
      try (Snapshot snapshot = db.snapshot()) {
        assertThat(sizes(snapshot.scan(rows))).containsExactly(count);
      }
      db.run(tx ->
          LongStream.range(0, 300).forEach(i -> tx.upsert(rows, rows.row(i * 500, -i * 500))));
      db.run(tx -> tx.upsert(rows, rows.row((long) count, 1L)));
      try (Snapshot snapshot = db.snapshot()) {
        ScanResult result = snapshot.scan(rows);
        List<Integer> sizes = sizes(result);
        assertThat(sizes).allMatch(size -> size > 0 && size <= ScanResult.BATCH_ROWS_MAX);
        assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(count + 1);
        assertThat(sizes).hasSizeLessThan(5);
        long id = 0;
        for (List<Object> row : Batches.values(result)) {
          assertThat(row.getFirst()).isEqualTo(id++);
        }
        assertThat(result.toBatch().rowCount()).isEqualTo(count + 1);
        assertThat(snapshot.scan(rows, Scan.all().where(EVEN).columns("id")).rowCount())
            .isEqualTo(count);
      }
    }
  }

  private static List<Integer> sizes(ScanResult result) {
    List<Integer> sizes = new ArrayList<>();
    result.forEach(batch -> sizes.add(batch.rowCount()));
    return sizes;
  }

  @Test
  void results_withoutRows_haveColumns(BufferAllocator allocator) {
    try (Store db = open(allocator)) {
      Table rows = rows(db);
      db.run(tx -> {
        ScanResult result = tx.scan(rows, Scan.all().columns("value"));
        assertThat(result).isEmpty();
        assertThat(result.rowCount()).isZero();
        assertThat(result.rows()).isEmpty();
        assertThat(result.toBatch().rowCount()).isZero();
        assertThat(result.toBatch().schema().getFields())
            .extracting(Field::getName)
            .containsExactly("value");
        assertThat(result.schema()).isEqualTo(result.toBatch().schema());
        assertThat(tx.getAll(rows, List.of(1L)).rowCount()).isZero();
        assertThat(tx.scan(rows, KeyRange.open(1L, 1L)).rowCount()).isZero();
      });
    }
  }
}
