package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.internal.arrow.ArrowSamples;
import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.VectorAssertions;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.testkit.LeakChecking;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.extension.UuidType;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every type that Arrow has, through the public methods, as values and as keys. */
@ExtendWith(LeakChecking.class)
class EveryTypeTest {
  /** Random columns of every type, behind a key. */
  private static Schema everyType(ArrowSamples samples) {
    List<Field> fields = new ArrayList<>();
    fields.add(Field.notNullable("key", Batches.INT64));
    fields.addAll(samples.everyType().getFields());
    return new Schema(fields);
  }

  private static VectorSchemaRoot rows(
      ArrowSamples samples, Schema schema, int firstKey, int count, BufferAllocator allocator) {
    VectorSchemaRoot root = samples.root(schema, count, allocator);
    for (int i = 0; i < count; i++) {
      ((BigIntVector) root.getVector("key")).set(i, firstKey + i);
    }
    return root;
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void rows_ofEveryType_comeBackByEveryRead(long seed, BufferAllocator allocator) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = everyType(samples);
    int count = 150;
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
        VectorSchemaRoot root = rows(samples, schema, 0, count, allocator)) {
      Table table = db.createTable(TableSpec.rows("all", schema).primaryKey("key"));
      assertThat(table.schema()).isEqualTo(schema);
      List<Row> own;
      try (Transaction tx = db.begin()) {
        tx.insert(table, root);
        VectorAssertions.assertRows(tx.scan(table).toBatch().root(), 0, root, 0, count);
        own = tx.scan(table).rows();
        tx.commit();
      }
      try (Snapshot snapshot = db.snapshot()) {
        int at = 0;
        for (RecordBatch batch : snapshot.scan(table)) {
          VectorAssertions.assertRows(batch.root(), 0, root, at, batch.rowCount());
          at += batch.rowCount();
        }
        assertThat(at).isEqualTo(count);
        assertThat(snapshot.scan(table).rows()).isEqualTo(own);
        ScanResult part = snapshot.scan(table, KeyRange.closedOpen(11, 101));
        VectorAssertions.assertRows(part.toBatch().root(), 0, root, 11, 90);
        List<Integer> keys = List.of(149, 3, 77);
        RecordBatch found = snapshot.getAll(table, keys);
        for (int i = 0; i < keys.size(); i++) {
          VectorAssertions.assertRows(found.root(), i, root, keys.get(i), 1);
          assertThat(snapshot.get(table, keys.get(i))).hasValue(own.get(keys.get(i)));
        }
      }
      db.run(tx -> {
        for (Row row : own) {
          tx.update(table, row);
        }
        assertThat(tx.scan(table).rows()).isEqualTo(own);
      });
      assertThat(db.<List<Row>, RuntimeException>readOnly(s -> s.scan(table).rows()))
          .isEqualTo(own);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void rows_ofEveryType_areTheSameWhenCompacted(long seed, BufferAllocator allocator) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = everyType(samples);
    int count = 40;
    StoreConfig config = StoreConfig.builder().compactionRowsPerSecond(0).build();
    try (Khonsu db = Khonsu.inMemory(config, allocator)) {
      Table table = db.createTable(TableSpec.rows("all", schema).primaryKey("key"));
      for (int i = 0; i < count; i++) {
        try (VectorSchemaRoot root = rows(samples, schema, i * 7 % count, 1, allocator)) {
          db.run(tx -> tx.insert(table, root));
        }
      }
      try (Snapshot before = db.snapshot()) {
        RecordBatch written = before.scan(table).toBatch();
        List<Row> rows = before.scan(table).rows();
        db.compact();
        assertThat(db.statistics().compaction().rowsMoved()).isEqualTo(count);
        try (Snapshot after = db.snapshot()) {
          ScanResult found = after.scan(table);
          VectorAssertions.assertRows(found.toBatch().root(), 0, written.root(), 0, count);
          assertThat(found.rows()).isEqualTo(rows);
        }
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void rows_ofEveryType_comeBackInDiffs(long seed, BufferAllocator allocator) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = everyType(samples);
    int count = 60;
    StoreConfig config = StoreConfig.builder().retention(Duration.ofHours(1)).build();
    try (Khonsu db = Khonsu.inMemory(config, allocator);
        VectorSchemaRoot old = rows(samples, schema, 0, count, allocator);
        VectorSchemaRoot young = rows(samples, schema, 0, count, allocator)) {
      Table rows = db.createTable(TableSpec.rows("rows", schema).primaryKey("key"));
      Table batches = db.createTable(TableSpec.batches("batches", schema));
      List<Long> versions = new ArrayList<>();
      for (VectorSchemaRoot root : List.of(old, young)) {
        versions.add(db.newestVersion());
        db.run(tx -> {
          tx.upsert(rows, root);
          tx.write(batches, "name", root);
        });
      }
      long from = versions.getLast();
      long to = db.newestVersion();
      try (TableDiff diff = db.diff(rows, from, to)) {
        RecordBatch batch = diff.iterator().next();
        VectorAssertions.assertRows(image(schema, batch.vector("before")), 0, old, 0, count);
        VectorAssertions.assertRows(image(schema, batch.vector("after")), 0, young, 0, count);
      }
      try (TableDiff diff = db.diff(batches, from, to)) {
        RecordBatch batch = diff.iterator().next();
        ListVector before = (ListVector) batch.vector("before");
        ListVector after = (ListVector) batch.vector("after");
        assertThat(before.getElementEndIndex(0)).isEqualTo(count);
        VectorAssertions.assertRows(image(schema, before.getDataVector()), 0, old, 0, count);
        VectorAssertions.assertRows(image(schema, after.getDataVector()), 0, young, 0, count);
      }
    }
  }

  /** {@return the fields of a struct, under the names that they have in the table} */
  private static VectorSchemaRoot image(Schema schema, FieldVector struct) {
    return new VectorSchemaRoot(
        schema.getFields(), struct.getChildrenFromFields(), struct.getValueCount());
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void batches_ofEveryType_areMerged(long seed, BufferAllocator allocator) {
    ArrowSamples samples = new ArrowSamples(seed);
    Schema schema = everyType(samples);
    TransactionOptions append = TransactionOptions.snapshot().onConflict(ConflictStrategy.APPEND);
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
        VectorSchemaRoot first = rows(samples, schema, 0, 60, allocator);
        VectorSchemaRoot second = rows(samples, schema, 40, 70, allocator)) {
      Table keyed = db.createTable(TableSpec.batches("keyed", schema).rowKey("key"));
      Table unkeyed = db.createTable(TableSpec.batches("unkeyed", schema));
      try (Transaction tx = db.begin(append)) {
        tx.write(keyed, "b", second);
        tx.write(unkeyed, "b", second);
        db.run(other -> {
          other.write(keyed, "b", first);
          other.write(unkeyed, "b", first);
          VectorAssertions.assertRows(other.read(keyed, "b").orElseThrow().root(), 0, first, 0, 60);
        });
        assertThat(tx.commit().resolved()).isEmpty();
      }
      db.run(tx -> {
        VectorSchemaRoot merged = tx.read(keyed, "b").orElseThrow().root();
        assertThat(merged.getRowCount()).isEqualTo(110);
        List<Row> expected = new ArrayList<>(values(first).subList(0, 40));
        expected.addAll(values(second));
        assertThat(values(merged)).isEqualTo(expected);
        VectorSchemaRoot all = tx.read(unkeyed, "b").orElseThrow().root();
        assertThat(all.getRowCount()).isEqualTo(130);
        expected = new ArrayList<>(values(first));
        expected.addAll(values(second));
        assertThat(values(all)).isEqualTo(expected);
      });
    }
  }

  /** The rows as Java values: Arrow's own comparison takes runs that were split for others. */
  private static List<Row> values(VectorSchemaRoot root) {
    BatchBuilder builder = new BatchBuilder(BatchSchema.of(root.getSchema()));
    builder.append(root);
    RowShape shape = new RowShape(root.getSchema());
    List<Row> rows = new ArrayList<>();
    for (int row = 0; row < root.getRowCount(); row++) {
      @Nullable Object[] values = new Object[shape.names().size()];
      for (int column = 0; column < values.length; column++) {
        values[column] = builder.getObject(column, row);
      }
      rows.add(new Row(shape, values));
    }
    return rows;
  }

  static Stream<Long> seeds() {
    Long given = Long.getLong("khonsu.seed");
    return given != null ? Stream.of(given) : Stream.of(1L, 2L, 3L, printed(System.nanoTime()));
  }

  private static long printed(long seed) {
    System.out.println("EveryTypeTest: fresh seed " + seed);
    return seed;
  }

  @Test
  void dictionaries_areDecodedWhenWritten(BufferAllocator allocator) {
    Schema plain =
        new Schema(
            List.of(
                Field.notNullable("key", Batches.INT64),
                Field.nullable("city", ArrowType.Utf8.INSTANCE)));
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator);
        VarCharVector cities = new VarCharVector("cities", allocator);
        VectorSchemaRoot values =
            Batches.of(
                allocator,
                plain,
                Batches.row(1L, "Ulm"),
                Batches.row(2L, null),
                Batches.row(3L, "Rom"))) {
      cities.setSafe(0, "Rom".getBytes(StandardCharsets.UTF_8));
      cities.setSafe(1, "Ulm".getBytes(StandardCharsets.UTF_8));
      cities.setValueCount(2);
      DictionaryEncoding encoding = new DictionaryEncoding(5, false, null);
      Dictionary dictionary = new Dictionary(cities, encoding);
      Table table = db.createTable(TableSpec.rows("cities", plain).primaryKey("key"));
      try (FieldVector encoded =
          (FieldVector) DictionaryEncoder.encode(values.getVector("city"), dictionary)) {
        VectorSchemaRoot root =
            new VectorSchemaRoot(
                List.of(values.getVector("key").getField(), encoded.getField()),
                List.of(values.getVector("key"), encoded));
        root.setRowCount(3);
        var provider = new DictionaryProvider.MapDictionaryProvider(dictionary);
        db.run(tx -> tx.upsert(table, root, provider));
      }
      db.run(tx ->
          assertThat(tx.scan(table).rows())
              .containsExactly(table.row(1L, "Ulm"), table.row(2L, null), table.row(3L, "Rom")));
    }
  }

  @Test
  void types_thatCannotBeStored_areRefusedByName(BufferAllocator allocator) {
    Map<ArrowType, List<Field>> refused = new LinkedHashMap<>();
    Field number = Field.nullable("n", Batches.INT64);
    refused.put(new ArrowType.Decimal(9, 2, 32), List.of());
    refused.put(new ArrowType.Decimal(18, 2, 64), List.of());
    refused.put(new ArrowType.FixedSizeBinary(0), List.of());
    refused.put(new ArrowType.Int(24, true), List.of());
    refused.put(ArrowType.List.INSTANCE, List.of());
    refused.put(new ArrowType.Union(UnionMode.Sparse, new int[] {0}), List.of(number));
    refused.put(new ArrowType.Map(false), List.of(number));
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      refused.forEach((type, children) -> {
        Field field = new Field("odd", FieldType.nullable(type), children);
        Schema schema = new Schema(List.of(Field.notNullable("key", Batches.INT64), field));
        for (TableSpec spec :
            List.of(
                TableSpec.rows("t", schema).primaryKey("key"), TableSpec.batches("t", schema))) {
          assertThatThrownBy(() -> db.createTable(spec))
              .as("%s", type)
              .isInstanceOf(UnsupportedColumnException.class)
              .hasMessageContainingAll("'odd'", type.toString());
        }
      });
      Schema twice = new Schema(List.of(Field.notNullable("n", Batches.INT64), number));
      assertThatThrownBy(() -> db.createTable(TableSpec.batches("t", twice)))
          .isInstanceOf(UnsupportedColumnException.class)
          .hasMessageContainingAll("'n'", "twice");
      assertThat(db.tables()).isEmpty();
      assertThat(db.statistics().held().items()).isZero();
    }
  }

  static Stream<Arguments> keys() {
    UUID low = new UUID(0, 1);
    UUID high = new UUID(-1L, 0);
    return Stream.of(
        keys(new ArrowType.Int(8, true), (byte) -128, (byte) -1, (byte) 0, (byte) 127),
        keys(new ArrowType.Int(64, true), Long.MIN_VALUE, -1L, 0L, Long.MAX_VALUE),
        keys(new ArrowType.Int(32, false), 0L, 1L, 1L << 31, (1L << 32) - 1),
        keys(new ArrowType.Int(64, false), BigInteger.ZERO, BigInteger.TWO.pow(63)),
        keys(ArrowType.Bool.INSTANCE, false, true),
        keys(
            new ArrowType.Decimal(20, 2, 128),
            new BigDecimal("-12.50"),
            new BigDecimal("-0.01"),
            new BigDecimal("0.00"),
            new BigDecimal("99999.99")),
        keys(new ArrowType.Date(DateUnit.DAY), LocalDate.of(1900, 1, 1), LocalDate.of(2026, 7, 1)),
        keys(new ArrowType.Time(TimeUnit.MICROSECOND, 64), LocalTime.MIN, LocalTime.of(9, 30)),
        keys(
            new ArrowType.Timestamp(TimeUnit.NANOSECOND, "Europe/Berlin"),
            Instant.parse("1969-12-31T23:59:59.999999999Z"),
            Instant.EPOCH,
            Instant.parse("2026-07-01T00:00:00.000000001Z")),
        keys(
            new ArrowType.Timestamp(TimeUnit.SECOND, null),
            LocalDateTime.of(1969, 1, 1, 0, 0),
            LocalDateTime.of(2026, 1, 1, 0, 0)),
        keys(new ArrowType.Duration(TimeUnit.MILLISECOND), Duration.ofMillis(-1), Duration.ZERO),
        keys(ArrowType.Utf8.INSTANCE, "", "\u0000", "a", "a\u0000", "ab", "b", "é", "€", "😀"),
        keys(ArrowType.LargeUtf8.INSTANCE, "", "a", "b"),
        keys(ArrowType.Utf8View.INSTANCE, "a", "a long string, longer than twelve bytes", "b"),
        keys(ArrowType.Binary.INSTANCE, bytes(), bytes(0), bytes(0, 0), bytes(1), bytes(-1)),
        keys(ArrowType.BinaryView.INSTANCE, bytes(0), bytes(-1)),
        keys(new ArrowType.FixedSizeBinary(2), bytes(0, 1), bytes(127, 0), bytes(-128, 0)),
        keys(UuidType.INSTANCE, low, high));
  }

  private static Arguments keys(ArrowType type, Object... ascending) {
    return Arguments.of(type, List.of(ascending));
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("keys")
  void keys_areOrdered_aloneAndInFront(ArrowType type, List<?> ascending, BufferAllocator root) {
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("n", new ArrowType.Int(32, true)),
                new Field("k", FieldType.notNullable(type), null)));
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), root)) {
      Table alone = db.createTable(TableSpec.rows("alone", schema).primaryKey("k"));
      Table first = db.createTable(TableSpec.rows("first", schema).primaryKey("k", "n"));
      Table second = db.createTable(TableSpec.rows("second", schema).primaryKey("n", "k"));
      List<Row> inOrder = new ArrayList<>();
      db.run(tx -> {
        for (Object key : ascending.reversed()) {
          tx.insert(alone, alone.row(7, key));
          for (Table table : List.of(first, second)) {
            tx.insert(table, table.row(2, key));
            tx.insert(table, table.row(-1, key));
          }
        }
      });
      ascending.forEach(key -> inOrder.add(alone.row(7, key)));
      db.run(tx -> {
        assertThat(tx.scan(alone).rows()).isEqualTo(inOrder);
        for (int i = 0; i < ascending.size(); i++) {
          Object key = ascending.get(i);
          assertThat(tx.get(alone, key)).hasValue(inOrder.get(i));
          assertThat(tx.scan(alone, KeyRange.atLeast(key)).rows())
              .isEqualTo(inOrder.subList(i, inOrder.size()));
          assertThat(tx.scan(alone, KeyRange.lessThan(key)).rows())
              .isEqualTo(inOrder.subList(0, i));
          assertThat(tx.scan(first, KeyRange.startingWith(key)).rows())
              .containsExactly(first.row(-1, key), first.row(2, key));
          assertThat(tx.scan(second, KeyRange.greaterThan(-1, key)).rowCount())
              .isEqualTo(2L * ascending.size() - i - 1);
          assertThat(tx.scan(second, KeyRange.closed(List.of(2), List.of(2, key))).rowCount())
              .isEqualTo(i + 1);
        }
      });
    }
  }

  @Test
  void keyColumns_thatCannotBe_areRefused(BufferAllocator allocator) {
    Schema schema =
        new Schema(
            List.of(
                Field.nullable("id", Batches.INT64),
                new Field(
                    "list",
                    FieldType.nullable(ArrowType.List.INSTANCE),
                    List.of(Field.nullable("item", Batches.INT64))),
                Field.nullable("wide", new ArrowType.FixedSizeBinary(2_000))));
    TableSpec rows = TableSpec.rows("t", schema);
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Map<TableSpec, String> refused = new LinkedHashMap<>();
      refused.put(rows, "at least one column");
      refused.put(rows.primaryKey("x"), "\"x\"");
      refused.put(rows.primaryKey("id", "id"), "\"id\" is named twice");
      refused.put(rows.primaryKey("id", "list"), "\"list\"");
      refused.put(rows.primaryKey("wide"), "1024");
      refused.put(TableSpec.batches("t", schema).rowKey("x"), "\"x\"");
      refused.put(TableSpec.batches("t", schema).rowKey("list"), "\"list\"");
      refused.forEach((spec, message) ->
          assertThatThrownBy(() -> db.createTable(spec))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining(message));
      assertThat(db.tables()).isEmpty();
      db.createTable(rows.primaryKey("id"));
      assertThatThrownBy(() -> db.createTable(TableSpec.batches("t", schema)))
          .isInstanceOf(TableExistsException.class)
          .hasMessageContaining("\"t\"");
    }
  }

  @Test
  void tableSpecs_badlyFormed_areRefused() {
    Schema schema = Batches.ACCOUNTS;
    for (String name : Arrays.asList("", " ", "x".repeat(256), "a\nb", "\uD800")) {
      assertThatThrownBy(() -> TableSpec.batches(name, schema))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(TableSpec.batches("x".repeat(255), schema).rowKey()).isEmpty();
    assertThatThrownBy(() -> TableSpec.batches("t", new Schema(List.of())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one column");
    assertThatThrownBy(() -> TableSpec.batches("t", schema).primaryKey("id"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> TableSpec.rows("t", schema).rowKey("id"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () -> new TableSpec("t", schema, TableSpec.Kind.BATCHES, List.of("id", "balance")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
