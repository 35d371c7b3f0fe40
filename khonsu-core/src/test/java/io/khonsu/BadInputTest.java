package io.khonsu;

import static io.khonsu.Batches.ACCOUNTS;
import static io.khonsu.Batches.INT64;
import static io.khonsu.Batches.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.testkit.LeakChecking;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.assertj.core.api.AbstractThrowableAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Calls that are wrong get an exception whose type and message say what to change, and leave their
 * transaction as it was: every refused call here is made between two good ones, which are then
 * committed.
 */
@ExtendWith(LeakChecking.class)
class BadInputTest {
  private static final StoreConfig CONFIG =
      StoreConfig.builder()
          .keySizeMaxBytes(40)
          .rowSizeMaxBytes(1_000)
          .transactionSizeMaxBytes(20_000)
          .build();

  /** A key column that is declared nullable. */
  private static final Schema LOOSE =
      new Schema(
          List.of(Field.nullable("id", ArrowType.Utf8.INSTANCE), Field.nullable("balance", INT64)));

  private static final Schema NOTES =
      new Schema(
          List.of(Field.nullable("id", INT64), Field.nullable("text", ArrowType.Utf8.INSTANCE)));

  private BufferAllocator allocator;
  private Khonsu db;
  private Table accounts;
  private Table loose;
  private Table notes;

  @BeforeEach
  void open(BufferAllocator root) {
    allocator = root;
    db = Khonsu.inMemory(CONFIG, root);
    accounts = db.createTable(TableSpec.rows("accounts", ACCOUNTS).primaryKey("id"));
    loose = db.createTable(TableSpec.rows("loose", LOOSE).primaryKey("id"));
    notes = db.createTable(TableSpec.batches("notes", NOTES).rowKey("id"));
    db.run(tx -> {
      tx.upsert(accounts, accounts.row("old", 1L));
      write(tx, "old", row(1L, "one"));
    });
  }

  @AfterEach
  void close() {
    db.close();
  }

  @Test
  void rows_thatDoNotFit_areRefused() {
    refused(IllegalArgumentException.class, tx -> tx.upsert(accounts, Row.of("id", "x", "b", 1)))
        .hasMessageContainingAll("\"b\"", "[id, balance]");
    refused(IllegalArgumentException.class, tx -> tx.upsert(accounts, accounts.row("x", "many")))
        .hasMessageContainingAll("'balance'", "Int(64, true)", "String many");
    refused(IllegalArgumentException.class, tx -> tx.upsert(accounts, accounts.row("x", 1.5)))
        .hasMessageContainingAll("'balance'", "whole number", "1.5");
    refused(IllegalArgumentException.class, tx -> tx.upsert(accounts, accounts.row(7, 1L)))
        .hasMessageContainingAll("'id'", "String", "7");
    refused(IllegalArgumentException.class, tx -> tx.upsert(accounts, Row.of("balance", 1L)))
        .hasMessageContainingAll("'id'", "null");
    refused(IllegalArgumentException.class, tx -> tx.upsert(accounts, loose.row("x", 1.0)))
        .hasMessageContaining("'balance'");
    assertThatThrownBy(() -> accounts.row("x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("[id, balance]", "2 values", "1 were given");
  }

  @Test
  void keys_thatAreNull_areRefused() {
    refused(NullKeyException.class, tx -> tx.upsert(loose, loose.row(null, 1L)))
        .hasMessageContaining("\"id\"");
    refusedBatch(
            NullKeyException.class,
            (tx, rows) -> tx.upsert(loose, rows),
            LOOSE,
            row("a", 1L),
            row(null, 2L))
        .hasMessageContainingAll("\"id\"", "row 1");
    refused(NullKeyException.class, tx -> tx.get(accounts, Batches.<Object>missing()))
        .hasMessageContaining("\"id\"");
    refused(NullKeyException.class, tx -> tx.delete(accounts, Batches.<Object>missing()));
    refused(NullKeyException.class, tx -> tx.contains(accounts, Batches.<Object>missing()));
    refused(NullKeyException.class, tx -> tx.getAll(accounts, Collections.singletonList(null)));
    refused(
        NullKeyException.class,
        tx -> tx.getAll(accounts, List.of(Collections.singletonList(null))));
    refusedBatch(
            NullKeyException.class,
            (tx, rows) -> tx.write(notes, "x", rows),
            NOTES,
            row(1L, "a"),
            row(null, "b"))
        .hasMessageContainingAll("\"id\"", "row 1");
  }

  @Test
  void keys_ofWrongTypeOrNumber_areRefused() {
    refused(IllegalArgumentException.class, tx -> tx.get(accounts, 7))
        .hasMessageContainingAll("\"id\"", "a String", "7");
    refused(IllegalArgumentException.class, tx -> tx.get(accounts, "a", "b"))
        .hasMessageContainingAll("1 columns", "2 values");
    refused(IllegalArgumentException.class, tx -> tx.get(accounts));
    refused(IllegalArgumentException.class, tx -> tx.delete(accounts, 7L));
    refused(IllegalArgumentException.class, tx -> tx.delete(accounts));
    refused(IllegalArgumentException.class, tx -> tx.contains(notes, 7));
    refused(IllegalArgumentException.class, tx -> tx.getAll(accounts, List.of("a", 7)));
    refused(IllegalArgumentException.class, tx -> tx.getAll(accounts, List.of(List.of())));
    refused(IllegalArgumentException.class, tx -> tx.getAll(accounts, List.of(new Object())));
  }

  @Test
  void batches_ofAnotherSchema_areRefused() {
    Field id = ACCOUNTS.getFields().getFirst();
    refusedBatch(
            InvalidBatchException.class,
            (tx, rows) -> tx.upsert(accounts, rows),
            new Schema(List.of(id)),
            row("a"))
        .hasMessageContaining("'balance'");
    refusedBatch(
            InvalidBatchException.class,
            (tx, rows) -> tx.insert(accounts, rows),
            new Schema(List.of(id, Field.nullable("balance", new ArrowType.Int(32, true)))),
            row("a", 1))
        .hasMessageContainingAll("'balance'", "Int(32, true)", "Int(64, true)");
    refusedBatch(
            InvalidBatchException.class,
            (tx, rows) -> tx.update(accounts, rows),
            new Schema(List.of(id, Field.nullable("sum", INT64))),
            row("a", 1L))
        .hasMessageContainingAll("'sum'", "'balance'");
    refusedBatch(
            InvalidBatchException.class,
            (tx, rows) -> tx.upsert(accounts, rows),
            LOOSE,
            row("a", 1))
        .hasMessageContainingAll("'id'", "nullable");
    refusedBatch(
            InvalidBatchException.class,
            (tx, rows) -> tx.write(notes, "x", rows),
            ACCOUNTS,
            row("a", 1))
        .hasMessageContaining("'balance'");
    Field indexes =
        new Field(
            "text",
            new FieldType(
                true, new ArrowType.Int(32, true), new DictionaryEncoding(9, false, null)),
            null);
    Schema encoded = new Schema(List.of(NOTES.getFields().getFirst(), indexes));
    try (VectorSchemaRoot rows = VectorSchemaRoot.create(encoded, allocator)) {
      rows.setRowCount(1);
      refused(InvalidBatchException.class, tx -> tx.write(notes, "x", rows))
          .hasMessageContainingAll("'text'", "dictionary 9", "not given");
    }
  }

  @Test
  void keys_twiceInABatch_areRefused() {
    refusedBatch(
            DuplicateKeyException.class,
            (tx, rows) -> tx.upsert(accounts, rows),
            ACCOUNTS,
            row("b", 1L),
            row("a", 2L),
            row("b", 3L))
        .hasMessageContainingAll("rows 0 and 2", "(\"b\")", "table \"accounts\"");
    refusedBatch(
        DuplicateKeyException.class,
        (tx, rows) -> tx.insert(accounts, rows),
        ACCOUNTS,
        row("a", 1L),
        row("a", 1L));
  }

  @Test
  void inserts_ofWhatExists_andUpdatesOfWhatDoesNot_areRefused() {
    refused(DuplicateKeyException.class, tx -> tx.insert(accounts, accounts.row("old", 2L)))
        .hasMessageContainingAll("(\"old\")", "exists already", "table \"accounts\"");
    refused(DuplicateKeyException.class, tx -> tx.insert(accounts, accounts.row("before", 2L)));
    refusedBatch(
        DuplicateKeyException.class,
        (tx, rows) -> tx.insert(accounts, rows),
        ACCOUNTS,
        row("a", 1L),
        row("old", 3L));
    refused(MissingKeyException.class, tx -> tx.update(accounts, accounts.row("new", 2L)))
        .hasMessageContainingAll("(\"new\")", "does not exist", "table \"accounts\"");
    refusedBatch(
        MissingKeyException.class,
        (tx, rows) -> tx.update(accounts, rows),
        ACCOUNTS,
        row("old", 1L),
        row("new", 3L));
  }

  @Test
  void keysRowsAndTransactions_thatAreTooLarge_areRefused() {
    String longKey = "k".repeat(41);
    Throwable key =
        refused(LimitExceededException.class, tx -> tx.upsert(accounts, accounts.row(longKey, 1L)))
            .hasMessageContainingAll("41 bytes", "40", "keySizeMaxBytes")
            .actual();
    assertThat(((LimitExceededException) key).sizeBytes()).isEqualTo(41);
    assertThat(((LimitExceededException) key).limitBytes()).isEqualTo(40);
    refusedBatch(
        LimitExceededException.class,
        (tx, rows) -> tx.upsert(accounts, rows),
        ACCOUNTS,
        row("a", 1L),
        row(longKey, 1L));
    refusedBatch(
            LimitExceededException.class,
            (tx, rows) -> tx.write(notes, longKey, rows),
            NOTES,
            row(1L, "a"))
        .hasMessageContaining("keySizeMaxBytes");
    Table texts = db.createTable(TableSpec.rows("texts", NOTES).primaryKey("id"));
    refused(LimitExceededException.class, tx -> tx.upsert(texts, texts.row(1L, "x".repeat(1_001))))
        .hasMessageContainingAll("rowSizeMaxBytes", "1000", "table \"texts\"");
    Object[][] many = new Object[30][];
    Arrays.setAll(many, i -> row((long) i, "x".repeat(900)));
    refusedBatch(LimitExceededException.class, (tx, rows) -> tx.upsert(texts, rows), NOTES, many)
        .hasMessageContainingAll("transactionSizeMaxBytes", "20000");
    refusedBatch(
            LimitExceededException.class, (tx, rows) -> tx.write(notes, "x", rows), NOTES, many)
        .hasMessageContaining("transactionSizeMaxBytes");
    refused(
        LimitExceededException.class,
        tx -> {
          for (int i = 0; ; i++) {
            tx.upsert(texts, texts.row((long) (i % 3), "x".repeat(900)));
          }
        });
  }

  @Test
  void deletions_withoutEnd_areRefused() {
    try (Transaction tx = db.begin()) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; ; i++) {
                  tx.delete(accounts, "%038d".formatted(i));
                }
              })
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("transactionSizeMaxBytes");
    }
  }

  @Test
  void tables_ofTheWrongKind_areRefused() {
    refused(IllegalArgumentException.class, tx -> tx.upsert(notes, notes.row(1L, "x")))
        .hasMessageContainingAll("table \"notes\"", "batch", "row");
    refused(IllegalArgumentException.class, tx -> tx.get(notes, "x"));
    refused(IllegalArgumentException.class, tx -> tx.getAll(notes, List.of("x")));
    refused(IllegalArgumentException.class, tx -> tx.scan(notes));
    refused(IllegalArgumentException.class, tx -> tx.read(accounts, "x"));
    refused(IllegalArgumentException.class, tx -> tx.names(accounts, KeyRange.all()));
    refusedBatch(
        IllegalArgumentException.class,
        (tx, rows) -> tx.write(accounts, "x", rows),
        ACCOUNTS,
        row("a", 1L));
    try (Snapshot snapshot = db.snapshot()) {
      assertThatThrownBy(() -> snapshot.get(notes, "x"))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> snapshot.read(accounts, "x"))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void wrongKind_doesNotMakeTheTransactionDependOnTheTable() {
    try (Transaction tx = db.begin()) {
      tx.upsert(accounts, accounts.row("a", 1L));
      assertThatThrownBy(() -> tx.scan(notes)).isInstanceOf(IllegalArgumentException.class);
      db.dropTable(notes);
      tx.commit();
    }
  }

  @Test
  void tables_ofAnotherStore_areUnknown() {
    try (Khonsu other = Khonsu.inMemory(CONFIG, allocator)) {
      Table foreign = other.createTable(TableSpec.rows("accounts", ACCOUNTS).primaryKey("id"));
      refused(UnknownTableException.class, tx -> tx.upsert(foreign, foreign.row("a", 1L)))
          .hasMessageContainingAll("table \"accounts\"", "another store");
      refused(UnknownTableException.class, tx -> tx.get(foreign, "a"));
      refused(UnknownTableException.class, tx -> tx.scan(foreign));
      refused(UnknownTableException.class, tx -> tx.delete(foreign, "a"));
      assertThatThrownBy(() -> db.dropTable(foreign)).isInstanceOf(UnknownTableException.class);
    }
    assertThat(db.table("nowhere")).isEmpty();
  }

  @Test
  void tables_dropped_areRefused() {
    Table gone = db.createTable(TableSpec.rows("gone", ACCOUNTS).primaryKey("id"));
    try (Transaction tx = db.begin();
        Transaction user = db.begin()) {
      user.upsert(gone, gone.row("a", 1L));
      db.dropTable(gone);
      assertThatThrownBy(() -> tx.get(gone, "a"))
          .isInstanceOf(TableDroppedException.class)
          .hasMessageContaining("table \"gone\"");
      tx.upsert(accounts, accounts.row("old", 1L));
      tx.commit();
      assertThatThrownBy(() -> user.upsert(gone, gone.row("b", 1L)))
          .isInstanceOf(TableDroppedException.class);
      assertThatThrownBy(user::commit).isInstanceOf(TableDroppedException.class);
    }
    assertThatThrownBy(() -> db.dropTable(gone)).isInstanceOf(TableDroppedException.class);
    Table again = db.createTable(TableSpec.rows("gone", ACCOUNTS).primaryKey("id"));
    refused(TableDroppedException.class, tx -> tx.scan(gone));
    db.run(tx -> assertThat(tx.scan(again).rowCount()).isZero());
  }

  @Test
  void scans_thatDoNotFit_areRefused() {
    refused(IllegalArgumentException.class, tx -> tx.scan(accounts, Scan.all().columns("x")))
        .hasMessageContainingAll("\"x\"", "[id, balance]");
    refused(
            IllegalArgumentException.class,
            tx -> tx.scan(accounts, Scan.all().where(RowFilter.column("x").eq(1))))
        .hasMessageContaining("\"x\"");
    refused(
            IllegalArgumentException.class,
            tx -> tx.scan(accounts, Scan.all().where(RowFilter.column("balance").eq("much"))))
        .hasMessageContainingAll("\"balance\"", "\"much\"");
    refused(IllegalArgumentException.class, tx -> tx.scan(accounts, KeyRange.atLeast(7)))
        .hasMessageContaining("\"id\"");
    refused(IllegalArgumentException.class, tx -> tx.scan(accounts, KeyRange.atLeast("a", 1)));
    refused(IllegalArgumentException.class, tx -> tx.scan(accounts, KeyRange.closed("b", "a")))
        .hasMessageContaining("above");
    refused(IllegalArgumentException.class, tx -> tx.names(notes, KeyRange.atLeast(1)));
    assertThatThrownBy(() -> Scan.all().columns("id", "balance", "id"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"id\"");
  }

  @Test
  void rowsByNames_badlyFormed_areRefused() {
    assertThatThrownBy(() -> Row.of("id")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Row.of("id", 1, "id", 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("argument 2", "id");
    assertThatThrownBy(() -> Row.of(1, "id")).isInstanceOf(IllegalArgumentException.class);
    Row row = accounts.row("a", null);
    assertThatThrownBy(() -> row.get("x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"x\"");
    assertThatThrownBy(() -> row.with("x", 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> row.getLong("balance"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("\"balance\"", "null");
    assertThatThrownBy(() -> row.getLong("id")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> Row.of("x", 1.5).getLong("x"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> Row.of("x", 1L << 40).getInt("x"))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void missingArguments_areNamed() {
    Consumer<Transaction> none = tx -> {};
    refused(none, tx -> tx.upsert(accounts, Batches.<Row>missing())).hasMessageContaining("row");
    refused(none, tx -> tx.upsert(Batches.missing(), accounts.row("a", 1L)))
        .hasMessageContaining("table");
    refused(
            none,
            tx -> tx.upsert(accounts, accounts.row("a", 1L), Batches.<ConflictStrategy>missing()))
        .hasMessageContaining("onConflict");
    refused(none, tx -> tx.scan(accounts, Batches.<Scan>missing())).hasMessageContaining("scan");
  }

  private AbstractThrowableAssert<?, ?> refused(
      Consumer<Transaction> before, Consumer<Transaction> call) {
    return refused(NullPointerException.class, before.andThen(call));
  }

  /**
   * Makes a call that must fail between two writes, and checks that exactly these are committed.
   */
  private AbstractThrowableAssert<?, ?> refused(
      Class<? extends RuntimeException> type, Consumer<Transaction> call) {
    List<Row> committed = db.readOnly(s -> s.scan(accounts).rows());
    Throwable thrown;
    try (Transaction tx = db.begin()) {
      tx.upsert(accounts, accounts.row("before", 10L));
      write(tx, "before", row(10L, "ten"));
      thrown = catchThrowable(() -> call.accept(tx));
      assertThat(tx.scan(accounts).rows()).contains(accounts.row("before", 10L));
      tx.upsert(accounts, accounts.row("later", 11L));
      tx.commit();
    }
    db.run(tx -> {
      assertThat(tx.scan(accounts).rows())
          .containsExactly(
              accounts.row("before", 10L), accounts.row("later", 11L), committed.getLast());
      assertThat(tx.scan(loose).rows()).isEmpty();
      assertThat(tx.names(notes, KeyRange.all())).containsExactly("before", "old");
      tx.delete(accounts, "before");
      tx.delete(accounts, "later");
      tx.delete(notes, "before");
    });
    db.table("texts").ifPresent(texts -> db.run(tx -> tx.delete(texts, 0L)));
    assertThat(db.statistics().held().openViews()).isZero();
    return assertThat(thrown).isExactlyInstanceOf(type);
  }

  private AbstractThrowableAssert<?, ?> refusedBatch(
      Class<? extends RuntimeException> type,
      BiConsumer<Transaction, VectorSchemaRoot> call,
      Schema schema,
      @Nullable Object[]... rows) {
    try (VectorSchemaRoot root = Batches.of(allocator, schema, rows)) {
      return refused(type, tx -> call.accept(tx, root));
    }
  }

  private void write(Transaction tx, String name, @Nullable Object[]... rows) {
    try (VectorSchemaRoot root = Batches.of(allocator, NOTES, rows)) {
      tx.write(notes, name, root);
    }
  }
}
