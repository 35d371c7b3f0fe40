package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What merging comes to: functions, composition, isolation, and everything that can go wrong. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class MergeTest {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("count", new ArrowType.Int(64, true)),
              Field.nullable("small", new ArrowType.Int(8, true)),
              Field.nullable("unsigned", new ArrowType.Int(16, false)),
              Field.nullable("real", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE)),
              Field.nullable("price", new ArrowType.Decimal(9, 2, 128)),
              Field.nullable("text", ArrowType.Utf8.INSTANCE),
              new Field(
                  "tags",
                  FieldType.nullable(ArrowType.List.INSTANCE),
                  List.of(Field.nullable("item", ArrowType.Utf8.INSTANCE)))));

  private static final StoreConfig CONFIG =
      StoreConfig.builder()
          .mergeFunction(
              "double",
              (row, _) ->
                  row.map(r -> r.with("count", 2 * r.getLong("count"))).orElse(Row.of("count", 1L)))
          .mergeFunction(
              "fail",
              (_, _) -> {
                throw new UnsupportedOperationException("not today");
              })
          .mergeFunction(
              "broken",
              (_, _) -> {
                throw new AssertionError("must not happen");
              })
          .mergeFunction("wrongColumn", (_, _) -> Row.of("colour", "red"))
          .mergeFunction("wrongType", (_, _) -> Row.of("count", "many"))
          .mergeFunction("wrongKey", (_, _) -> Row.of("id", "other", "count", 1L))
          .mergeFunction("nothing", (_, _) -> nothing())
          .build();

  private BufferAllocator allocator;
  private Khonsu db;
  private Table table;

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // what a function must not do
  private static <T> T nothing() {
    return (T) null;
  }

  @BeforeEach
  void open(BufferAllocator given) {
    allocator = given;
    db = Khonsu.inMemory(CONFIG, allocator);
    table = db.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
  }

  @AfterEach
  void close() {
    db.close();
  }

  private void merge(Merge... merges) {
    db.run(tx -> {
      for (Merge merge : merges) {
        tx.merge(table, merge, "a");
      }
    });
  }

  private @Nullable Object value(String column) {
    return db.readOnly(s -> s.get(table, "a")).orElseThrow().get(column);
  }

  @Test
  void add_suitsEveryNumber() {
    merge(Merges.add("count", 30), Merges.add("small", 7), Merges.add("unsigned", 65_000));
    merge(Merges.add("real", 0.5), Merges.add("price", new BigDecimal("12.30")));
    merge(Merges.add("count", -50L), Merges.add("small", -10), Merges.add("unsigned", 500));
    merge(Merges.add("real", 2), Merges.add("price", 1));
    assertThat(value("count")).isEqualTo(-20L);
    assertThat(value("small")).isEqualTo((byte) -3);
    assertThat(value("unsigned")).isEqualTo(65_500);
    assertThat(value("real")).isEqualTo(2.5f);
    assertThat(value("price")).isEqualTo(new BigDecimal("13.30"));
    assertThat(value("text")).isNull();
  }

  @Test
  void maxAndMin_compareNumbersAndTexts() {
    merge(Merges.max("count", 5), Merges.min("small", 5), Merges.max("text", "b"));
    merge(Merges.max("count", 4), Merges.min("small", 6), Merges.max("text", "a"));
    assertThat(value("count")).isEqualTo(5L);
    assertThat(value("small")).isEqualTo((byte) 5);
    assertThat(value("text")).isEqualTo("b");
    merge(Merges.max("count", 6), Merges.min("small", -6), Merges.max("text", "c"));
    assertThat(value("count")).isEqualTo(6L);
    assertThat(value("small")).isEqualTo((byte) -6);
    assertThat(value("text")).isEqualTo("c");
    merge(Merges.max("text", "\uFFFD"), Merges.max("text", "\uD83D\uDE00"));
    assertThat(value("text")).isEqualTo("\uD83D\uDE00"); // by code points, as keys are ordered
  }

  @Test
  void union_addsWhatIsMissing() {
    merge(Merges.union("tags", "x", "y"));
    merge(Merges.union("tags", "y", "z"), Merges.union("tags"));
    assertThat(value("tags")).isEqualTo(List.of("x", "y", "z"));
  }

  @Test
  void latest_leavesTheLaterRowWhole() {
    merge(Merges.latest("count", Row.of("count", 5, "text", "five")));
    merge(Merges.latest("count", Row.of("count", 4, "text", "four", "small", 1)));
    assertThat(value("text")).isEqualTo("five");
    assertThat(value("small")).isNull();
    merge(Merges.latest("count", Row.of("id", "a", "count", 5)));
    assertThat(value("text")).isNull(); // of equal ones, the one that is merged later
  }

  @Test
  void custom_goesByItsFunction() {
    merge(Merges.custom("double"));
    merge(Merges.add("small", 1), Merges.custom("double"), Merges.custom("double"));
    assertThat(value("count")).isEqualTo(4L);
    assertThat(value("small")).isEqualTo((byte) 1);
  }

  @ParameterizedTest
  @CsvSource({
    "fail, not today",
    "broken, must not happen",
    "wrongColumn, colour",
    "wrongType, many",
    "wrongKey, another key",
    "nothing, null",
  })
  void custom_thatFails_abortsItsTransactionAlone(String name, String message) {
    for (boolean isStored : new boolean[] {false, true}) {
      try (Khonsu store = open(isStored)) {
        Table rows = store.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
        store.run(tx -> tx.merge(rows, Merges.add("count", 1), "a"));
        try (Transaction tx = store.begin()) {
          tx.merge(rows, Merges.custom(name), "a");
          tx.merge(rows, Merges.add("count", 5), "b");
          store.run(other -> other.merge(rows, Merges.add("count", 1), "a"));
          assertThatThrownBy(tx::commit)
              .isInstanceOf(MergeFailedException.class)
              .hasMessageContainingAll(name, "\"a\"", "\"t\"", message);
        }
        store.run(tx -> tx.merge(rows, Merges.add("count", 1), "a"));
        store.run(tx -> {
          assertThat(tx.get(rows, "a").orElseThrow().getLong("count")).isEqualTo(3);
          assertThat(tx.contains(rows, "b")).isFalse();
        });
      }
    }
  }

  private Khonsu open(boolean isStored) {
    return isStored
        ? Khonsu.open(CONFIG, new InMemoryStorage(), allocator)
        : Khonsu.inMemory(CONFIG, allocator);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void overflow_abortsTheOneThatOverflows(boolean isStored) {
    try (Khonsu store = open(isStored)) {
      Table rows = store.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
      store.run(tx -> {
        tx.upsert(rows, Row.of("id", "a", "count", Long.MAX_VALUE - 10, "small", 100));
      });
      store.run(tx -> tx.merge(rows, Merges.add("count", 4), "a"));
      store.run(tx -> tx.merge(rows, Merges.add("count", 6), "a"));
      assertThatThrownBy(() -> store.run(tx -> tx.merge(rows, Merges.add("count", 1), "a")))
          .isInstanceOf(MergeFailedException.class)
          .hasCauseInstanceOf(ArithmeticException.class)
          .satisfies(e -> assertThat(((MergeFailedException) e).key()).contains("a"));
      assertThatThrownBy(() -> store.run(tx -> tx.merge(rows, Merges.add("small", 28), "a")))
          .isInstanceOf(MergeFailedException.class);
      store.run(tx -> tx.merge(rows, Merges.add("count", Long.MIN_VALUE), "a"));
      store.run(tx -> tx.merge(rows, Merges.add("small", 27), "a"));
      Row row = store.readOnly(s -> s.get(rows, "a")).orElseThrow();
      assertThat(row.getLong("count")).isEqualTo(-1);
      assertThat(row.getLong("small")).isEqualTo(127);
    }
  }

  @Test
  void newRow_withoutAValueThatItMustHave_isRefused() {
    Table strict =
        db.createTable(
            TableSpec.rows(
                    "strict",
                    new Schema(
                        List.of(
                            Field.notNullable("id", ArrowType.Utf8.INSTANCE),
                            Field.notNullable("name", ArrowType.Utf8.INSTANCE),
                            Field.nullable("count", new ArrowType.Int(64, true)))))
                .primaryKey("id"));
    assertThatThrownBy(() -> db.run(tx -> tx.merge(strict, Merges.add("count", 1), "a")))
        .isInstanceOf(MergeFailedException.class)
        .hasMessageContaining("name");
    db.run(tx -> tx.upsert(strict, strict.row("a", "n", null)));
    db.run(tx -> tx.merge(strict, Merges.add("count", 1), "a"));
    Optional<Row> row = db.readOnly(s -> s.get(strict, "a"));
    assertThat(row).contains(strict.row("a", "n", 1L));
  }

  @Test
  void mergesThatDoNotSuit_areRefusedAtOnce_andTheTransactionGoesOn() {
    Table batches = Items.batches(db, "batches");
    db.run(tx -> {
      refused(tx, table, Merges.add("colour", 1), "colour");
      refused(tx, table, Merges.add("id", 1), "primary key");
      refused(tx, table, Merges.add("text", 1), "text");
      refused(tx, table, Merges.add("count", 1.5), "1.5");
      refused(tx, table, Merges.add("small", 1_000), "1000");
      refused(tx, table, Merges.add("unsigned", -1), "-1");
      refused(tx, table, Merges.max("tags", "x"), "tags");
      refused(tx, table, Merges.max("count", "x"), "x");
      refused(tx, table, Merges.union("count", 1), "count");
      refused(tx, table, Merges.union("tags", 1), "1");
      refused(tx, table, Merges.latest("count", Row.of("text", "x")), "count");
      refused(tx, table, Merges.latest("count", Row.of("count", 1, "hue", "x")), "hue");
      refused(tx, table, Merges.custom("unheardOf"), "unheardOf");
      refused(tx, batches, Merges.add("number", 1), "batch");
      tx.merge(table, Merges.add("count", 1), "a");
    });
    assertThat(value("count")).isEqualTo(1L);
    assertThatThrownBy(() ->
            StoreConfig.builder()
                .mergeFunction("f", (r, _) -> r.orElseThrow())
                .mergeFunction("f", (r, _) -> r.orElseThrow()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void refused(Transaction tx, Table table, Merge merge, String part) {
    assertThatThrownBy(() -> tx.merge(table, merge, "a"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(part);
  }

  @Test
  void ownMerges_areSeenByEveryRead() {
    db.run(tx -> tx.upsert(table, Row.of("id", "a", "count", 90)));
    db.run(tx -> tx.upsert(table, Row.of("id", "c", "count", 1)));
    try (Transaction tx = db.begin()) {
      tx.merge(table, Merges.add("count", 30), "a");
      tx.merge(table, Merges.add("count", 7), "b");
      tx.merge(table, Merges.max("text", "t"), "b");
      assertThat(tx.get(table, "a").orElseThrow().getLong("count")).isEqualTo(120);
      assertThat(tx.contains(table, "b")).isTrue();
      assertThat(tx.getAll(table, List.of("b", "a", "c")).vector("count").getObject(0))
          .isEqualTo(7L);
      List<Row> found =
          tx.scan(table, Scan.all().where(RowFilter.column("count").atLeast(7))).rows();
      assertThat(found).extracting(row -> row.getLong("count")).containsExactly(120L, 7L);
      assertThat(found.get(1).getString("text")).isEqualTo("t");
      assertThat(tx.commit().resolved()).isEmpty();
    }
    assertThat(value("count")).isEqualTo(120L);
  }

  @Test
  void merges_goOnFromOwnWrites_andBack() {
    db.run(tx -> tx.upsert(table, Row.of("id", "a", "count", 1)));
    db.run(tx -> {
      tx.upsert(table, Row.of("id", "a", "count", 10));
      tx.merge(table, Merges.add("count", 5), "a");
      assertThat(tx.get(table, "a").orElseThrow().getLong("count")).isEqualTo(15);
      Savepoint savepoint = tx.savepoint();
      tx.delete(table, "a");
      tx.merge(table, Merges.add("count", 7), "a");
      assertThat(tx.get(table, "a").orElseThrow().getLong("count")).isEqualTo(7);
      tx.rollbackTo(savepoint);
      assertThatThrownBy(() -> tx.merge(table, Merges.custom("fail"), "a"))
          .isInstanceOf(MergeFailedException.class);
    });
    assertThat(value("count")).isEqualTo(15L);
    db.run(tx -> {
      tx.merge(table, Merges.add("count", 5), "a");
      Savepoint savepoint = tx.savepoint();
      tx.merge(table, Merges.add("count", 100), "a");
      tx.upsert(table, Row.of("id", "a", "count", 1_000));
      tx.rollbackTo(savepoint);
    });
    assertThat(value("count")).isEqualTo(20L);
    db.run(tx -> {
      tx.merge(table, Merges.add("count", 5), "a");
      tx.delete(table, "a");
    });
    assertThat(db.<Optional<Row>, RuntimeException>readOnly(s -> s.get(table, "a"))).isEmpty();
  }

  @Test
  void appends_goOnFromOwnWrites() {
    Table batches = Items.batches(db, "batches");
    TransactionOptions append =
        TransactionOptions.serializable().onConflict(ConflictStrategy.APPEND);
    db.run(append, tx -> Items.write(tx, batches, "x", allocator, 1));
    try (Transaction tx = db.begin(append)) {
      Items.write(tx, batches, "x", allocator, 2);
      Items.write(tx, batches, "x", allocator, 3);
      db.run(append, other -> Items.write(other, batches, "x", allocator, 9));
      tx.commit();
    }
    List<Long> numbers = db.readOnly(s -> Items.numbers(s, batches, "x"));
    assertThat(numbers).containsExactly(1L, 9L, 2L, 3L);
    db.run(
        append,
        tx -> {
          tx.delete(batches, "x");
          Items.write(tx, batches, "x", allocator, 4);
          Items.write(tx, batches, "x", allocator, 5);
          assertThat(Items.numbers(tx, batches, "x")).containsExactly(4L, 5L);
        });
    db.run(
        append,
        tx -> {
          Items.write(tx, batches, "x", allocator, 6);
          assertThat(Items.numbers(tx, batches, "x")).containsExactly(4L, 5L, 6L);
        });
  }

  /** What another merges meanwhile: a blind merge never minds, one of what was read does. */
  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED, none, true", "SNAPSHOT, none, true", "REPEATABLE_READ, none, true",
    "SERIALIZABLE, none, true", "READ_COMMITTED, get, true", "SNAPSHOT, get, false",
    "REPEATABLE_READ, get, false", "SERIALIZABLE, get, false", "SNAPSHOT, scan, false",
    "REPEATABLE_READ, scan, false", "SERIALIZABLE, scan, false", "SNAPSHOT, after, false",
    "REPEATABLE_READ, after, false", "SERIALIZABLE, after, false", "SERIALIZABLE, filter, false"
  })
  void merge_ofWhatWasRead_followsTheLevel(
      io.khonsu.mvcc.IsolationLevel level, String read, boolean commits) {
    merge(Merges.add("count", 90));
    try (Transaction tx = db.begin(TransactionOptions.of(level))) {
      if (read.equals("get")) {
        assertThat(tx.get(table, "a")).isPresent();
      } else if (read.equals("scan")) {
        assertThat(tx.scan(table).rows()).hasSize(1);
      }
      tx.merge(table, Merges.add("count", 30), "a");
      if (read.equals("after")) {
        assertThat(tx.get(table, "a")).isPresent();
      } else if (read.equals("filter")) { // matches by its own merge alone
        assertThat(tx.scan(table, Scan.all().where(RowFilter.column("count").atLeast(100))).rows())
            .hasSize(1);
      }
      merge(Merges.add("count", 5));
      if (commits) {
        tx.commit();
      } else {
        assertThatThrownBy(tx::commit).isInstanceOf(TransactionConflictException.class);
      }
    }
    assertThat(value("count")).isEqualTo(commits ? 125L : 95L);
  }

  @Test
  void readers_ofWhatIsMerged_conflict() {
    merge(Merges.add("count", 1));
    try (Transaction tx = db.begin()) {
      assertThat(tx.get(table, "a")).isPresent();
      merge(Merges.add("count", 1));
      tx.upsert(table, Row.of("id", "b"));
      assertThatThrownBy(tx::commit).isInstanceOf(TransactionConflictException.class);
    }
  }

  @Test
  void slowFunction_keepsNobodyElseWaiting() throws InterruptedException {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    StoreConfig config =
        StoreConfig.builder()
            .mergeFunction(
                "slow",
                (_, _) -> {
                  reached.countDown();
                  try {
                    goOn.await();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                  return Row.of("count", 1L);
                })
            .build();
    try (Khonsu store = Khonsu.inMemory(config, allocator)) {
      Table rows = store.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
      try (var slow =
          Threads.start(1, _ -> store.run(tx -> tx.merge(rows, Merges.custom("slow"), "a")))) {
        reached.await();
        for (int i = 0; i < 100; i++) {
          store.run(tx -> tx.merge(rows, Merges.add("count", 1), "b"));
        }
        goOn.countDown();
        slow.join();
      }
      List<Row> all = store.readOnly(s -> s.scan(rows).rows());
      assertThat(all).extracting(row -> row.getLong("count")).containsExactly(1L, 100L);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void closing_inTheMiddleOfAMerge_waitsForIt(boolean isStored) throws InterruptedException {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    StoreConfig config =
        StoreConfig.builder()
            .mergeFunction(
                "slow",
                (_, _) -> {
                  reached.countDown();
                  try {
                    goOn.await();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                  return Row.of("count", 1L);
                })
            .build();
    InMemoryStorage storage = new InMemoryStorage();
    Khonsu store =
        isStored ? Khonsu.open(config, storage, allocator) : Khonsu.inMemory(config, allocator);
    Table rows = store.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
    Transaction slow = store.begin();
    slow.merge(rows, Merges.custom("slow"), "a");
    try (var merging = Threads.start(1, _ -> slow.commit())) {
      reached.await();
      try (var closing = Threads.start(1, _ -> store.close())) {
        Threads.awaitUntil(() -> isClosed(store));
        goOn.countDown();
        merging.join();
        closing.join();
      }
    }
    if (isStored) {
      try (Khonsu again = Khonsu.open(StoreConfig.defaults(), storage, allocator)) {
        Table kept = again.table("t").orElseThrow();
        assertThat(again.readOnly(s -> s.get(kept, "a")).orElseThrow().getLong("count"))
            .isEqualTo(1L);
      }
    }
  }

  private static boolean isClosed(Khonsu store) {
    try (Transaction tx = store.begin()) {
      tx.rollback();
      return false;
    } catch (StoreClosedException _) {
      return true;
    }
  }

  @Test
  void droppedTable_refusesMerges_andLeavesNothing() {
    merge(Merges.add("count", 1));
    try (Transaction tx = db.begin()) {
      tx.merge(table, Merges.add("count", 1), "a");
      db.dropTable(table);
      assertThatThrownBy(tx::commit).isInstanceOf(TableDroppedException.class);
    }
    db.collect();
    assertThat(db.statistics().held().versions()).isZero();
  }

  @Test
  void history_hasTheImagesOfEveryMerge() {
    StoreConfig config = StoreConfig.builder().retention(java.time.Duration.ofHours(1)).build();
    try (Khonsu store = Khonsu.inMemory(config, allocator)) {
      Table rows = store.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
      long start = store.newestVersion();
      List<Long> versions = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        store.run(tx -> tx.merge(rows, Merges.add("count", 1), "a"));
        versions.add(store.newestVersion());
      }
      List<String> images = new ArrayList<>();
      try (ChangeFeed feed = store.changes(rows, KeyRange.all(), start)) {
        feed.poll().ifPresent(c -> images.add(image(c)));
        for (Optional<CommitChanges> next = feed.poll(); next.isPresent(); next = feed.poll()) {
          images.add(image(next.orElseThrow()));
        }
      }
      assertThat(images).hasSize(50).startsWith("0 to 1", "1 to 2").endsWith("49 to 50");
      for (int i = 49; i >= 0; i -= 7) {
        try (Snapshot past = store.snapshotAt(versions.get(i))) {
          assertThat(past.get(rows, "a").orElseThrow().getLong("count")).isEqualTo(i + 1);
        }
      }
    }
  }

  private static String image(CommitChanges commit) {
    Change change = commit.changes().getFirst();
    return change.before().map(row -> row.getLong("count")).orElse(0L)
        + " to "
        + change.after().orElseThrow().getLong("count");
  }

  @Test
  void stored_isTheMergedState_andNoFunctionIsNeededToReadIt() {
    InMemoryStorage storage = new InMemoryStorage();
    try (Khonsu store = Khonsu.open(CONFIG, storage, allocator)) {
      Table rows = store.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
      Table batches = Items.batches(store, "batches");
      for (int i = 0; i < 20; i++) {
        store.run(
            TransactionOptions.serializable().onConflict(ConflictStrategy.APPEND),
            tx -> {
              tx.merge(rows, Merges.custom("double"), "a");
              tx.merge(rows, Merges.add("count", 1), "b");
              Items.write(tx, batches, "x", allocator, 7);
            });
      }
    }
    try (Khonsu store = Khonsu.open(StoreConfig.defaults(), storage, allocator)) {
      Table rows = store.table("t").orElseThrow();
      Table batches = store.table("batches").orElseThrow();
      Map<String, Long> counts = new java.util.TreeMap<>();
      store.run(tx -> {
        tx.scan(rows).rows().forEach(r -> counts.put(r.getString("id"), r.getLong("count")));
        assertThat(Items.numbers(tx, batches, "x")).hasSize(20);
      });
      assertThat(counts).isEqualTo(Map.of("a", 1L << 19, "b", 20L));
    }
  }
}
