package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.CommitReport;
import io.khonsu.testkit.history.Consistency;
import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryChecker;
import io.khonsu.testkit.history.HistoryReport;
import io.khonsu.testkit.history.HistoryWorkload;
import io.khonsu.testkit.history.ListAppendStore;
import io.khonsu.testkit.history.RegisterStore;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Random transactions on real threads, whose histories must be those of their level. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class HistoryTest {
  private static final ArrowType LONG = new ArrowType.Int(64, true);
  private static final Schema LISTS =
      new Schema(
          List.of(
              Field.notNullable("id", LONG),
              new Field(
                  "items",
                  FieldType.nullable(ArrowType.List.INSTANCE),
                  List.of(Field.nullable("item", LONG)))));
  private static final Schema REGISTERS =
      new Schema(List.of(Field.notNullable("id", LONG), Field.nullable("value", LONG)));

  private BufferAllocator allocator;

  @SuppressWarnings("NullAway.Init") // by open, in every test
  private Khonsu db;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  private void open(boolean isStored) {
    open(isStored, Certification.OCC);
  }

  private void open(boolean isStored, Certification certification) {
    StoreConfig config = StoreConfig.builder().certification(certification).build();
    db =
        isStored
            ? Khonsu.open(config, new InMemoryStorage(), allocator, InstantSource.system())
            : Khonsu.inMemory(config, allocator);
  }

  @AfterEach
  void tearDown() {
    assertThat(db.statistics().held().openViews()).isZero();
    db.close();
  }

  private static HistoryWorkload.Options options(Level level) {
    Long given = Long.getLong("khonsu.seed");
    long seed = given == null ? new SplittableRandom().nextLong() : given;
    return HistoryWorkload.Options.of(level, seed);
  }

  private static void check(History history, HistoryWorkload.Options options, Consistency wanted) {
    HistoryReport report = HistoryChecker.check(history);
    assertThat(report.forbidden(wanted))
        .as("seed %d at %s: %s", options.seed(), options.level(), report)
        .isEmpty();
    assertThat(report.transactions()).isGreaterThan(options.transactions());
  }

  private static Consistency consistencyOf(Level level) {
    return switch (level) {
      case READ_COMMITTED -> Consistency.READ_COMMITTED;
      case SNAPSHOT -> Consistency.SNAPSHOT;
      case REPEATABLE_READ -> Consistency.REPEATABLE_READ;
      case SERIALIZABLE -> Consistency.STRICT_SERIALIZABLE;
    };
  }

  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED,false", "SNAPSHOT,false", "REPEATABLE_READ,false", "SERIALIZABLE,false",
    "READ_COMMITTED,true", "SNAPSHOT,true", "REPEATABLE_READ,true", "SERIALIZABLE,true"
  })
  void listsInRows_readAndWritten(Level level, boolean isStored) throws InterruptedException {
    open(isStored);
    Table table = db.createTable(TableSpec.rows("lists", LISTS).primaryKey("id"));
    var options = options(level);
    ListAppendStore store = _ -> new RowListSession(begin(level), table);
    check(
        HistoryWorkload.runListAppend(store, options, System::nanoTime),
        options,
        consistencyOf(level));
  }

  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED,false",
    "SNAPSHOT,false",
    "REPEATABLE_READ,false",
    "SERIALIZABLE,false",
    "SERIALIZABLE,true"
  })
  void listsInBatches_readAndWritten(Level level, boolean isStored) throws InterruptedException {
    open(isStored);
    Table table = Items.batches(db, "lists");
    var options = options(level);
    ListAppendStore store = _ -> new BatchListSession(begin(level), table);
    check(
        HistoryWorkload.runListAppend(store, options, System::nanoTime),
        options,
        consistencyOf(level));
  }

  /**
   * A known anomaly: appends of two transactions that read one state are merged, so both updates
   * stand. That is what APPEND is for; nothing else may happen, and none may be lost.
   */
  @ParameterizedTest
  @CsvSource({"READ_COMMITTED,false", "SNAPSHOT,false", "SNAPSHOT,true"})
  void listsInBatches_appended_loseNothing(Level level, boolean isStored)
      throws InterruptedException {
    open(isStored);
    Table table = db.createTable(TableSpec.batches("lists", Items.NUMBERS).rowKey("number"));
    var usual = options(level);
    var options =
        new HistoryWorkload.Options(level, 4, 500, usual.durationMax(), 3, 1, usual.seed());
    ListAppendStore store =
        _ ->
            new BatchListSession(
                db.begin(
                    TransactionOptions.of(RowScenarioStore.levelOf(level))
                        .onConflict(ConflictStrategy.APPEND)),
                table);
    History history = HistoryWorkload.runListAppend(store, options, System::nanoTime);
    check(history, options, Consistency.READ_COMMITTED);
    assertThat(db.statistics().conflicts()).isZero();
    long appended = 0;
    try (Snapshot snapshot = db.snapshot()) {
      for (String name : snapshot.names(table, KeyRange.all())) {
        List<Long> numbers = Items.numbers(snapshot, table, name);
        assertThat(numbers).doesNotHaveDuplicates();
        appended += numbers.size();
      }
    }
    long expected =
        history.transactions().stream()
            .flatMap(t -> t.operations().stream())
            .filter(o -> o instanceof io.khonsu.testkit.history.Operation.Append)
            .count();
    assertThat(appended).isEqualTo(expected);
  }

  /** Blind appends, beside reads. */
  @ParameterizedTest
  @CsvSource({"SERIALIZABLE,false", "SERIALIZABLE,true"})
  void listsInBatches_appendedUnread(Level level, boolean isStored) throws InterruptedException {
    open(isStored);
    Table table = Items.batches(db, "lists");
    var options = options(level);
    ListAppendStore store =
        _ ->
            new BatchListSession(
                db.begin(TransactionOptions.serializable().onConflict(ConflictStrategy.APPEND)),
                table) {
              @Override
              public void append(long key, long value) {
                Items.write(tx, table, "k" + key, allocator, value);
                wrote();
              }
            };
    check(
        HistoryWorkload.runListAppend(store, options, System::nanoTime),
        options,
        consistencyOf(level));
  }

  /**
   * Merges beside reads, of the same transactions and of others. The levels between are left out: a
   * merge is made on what is newest, whatever else was read at the snapshot.
   */
  @ParameterizedTest
  @CsvSource({"READ_COMMITTED,false", "SERIALIZABLE,false", "SERIALIZABLE,true"})
  void listsInRows_merged(Level level, boolean isStored) throws InterruptedException {
    open(isStored);
    Table table = db.createTable(TableSpec.rows("lists", LISTS).primaryKey("id"));
    var options = options(level);
    ListAppendStore store =
        _ ->
            new RowListSession(begin(level), table) {
              @Override
              public void append(long key, long value) {
                tx.merge(table, Merges.union("items", value), key);
                wrote();
              }
            };
    check(
        HistoryWorkload.runListAppend(store, options, System::nanoTime),
        options,
        consistencyOf(level));
  }

  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED,false", "SNAPSHOT,false", "REPEATABLE_READ,false", "SERIALIZABLE,false",
    "READ_COMMITTED,true", "SNAPSHOT,true", "REPEATABLE_READ,true", "SERIALIZABLE,true"
  })
  void registers_readAndWritten(Level level, boolean isStored) throws InterruptedException {
    open(isStored);
    Table table = db.createTable(TableSpec.rows("registers", REGISTERS).primaryKey("id"));
    var options = options(level);
    RegisterStore store = _ -> new RegisterSession(begin(level), table);
    check(
        HistoryWorkload.runRegisters(store, options, System::nanoTime),
        options,
        consistencyOf(level));
  }

  /** Who appends nothing reads at a snapshot instead, so that those take part as well. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void listsInRows_certifiedBySsn_areStrictlySerializable(boolean isStored)
      throws InterruptedException {
    open(isStored, Certification.SSN);
    Table table = db.createTable(TableSpec.rows("lists", LISTS).primaryKey("id"));
    var options = options(Level.SERIALIZABLE);
    AtomicInteger begun = new AtomicInteger();
    ListAppendStore store =
        level ->
            begun.incrementAndGet() % 4 == 0
                ? new SnapshotListSession(db.snapshot(), table)
                : new RowListSession(begin(level), table);
    check(
        HistoryWorkload.runListAppend(store, options, System::nanoTime),
        options,
        Consistency.STRICT_SERIALIZABLE);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void registers_certifiedBySsn_areStrictlySerializable(boolean isStored)
      throws InterruptedException {
    open(isStored, Certification.SSN);
    Table table = db.createTable(TableSpec.rows("registers", REGISTERS).primaryKey("id"));
    var options = options(Level.SERIALIZABLE);
    RegisterStore store = level -> new RegisterSession(begin(level), table);
    check(
        HistoryWorkload.runRegisters(store, options, System::nanoTime),
        options,
        Consistency.STRICT_SERIALIZABLE);
  }

  private Transaction begin(Level level) {
    return db.begin(TransactionOptions.of(RowScenarioStore.levelOf(level)));
  }

  /** A transaction whose end is reported to the history. */
  @SuppressWarnings({"UnusedMethod", "EffectivelyPrivate"}) // what the subclasses' interfaces want
  private abstract static class Reporting {
    final Transaction tx;
    private boolean hasWritten;

    Reporting(Transaction tx) {
      this.tx = tx;
    }

    void wrote() {
      hasWritten = true;
    }

    public CommitReport commit() {
      try (tx) {
        long version = tx.commit().version();
        return new CommitReport.Committed(hasWritten ? version : null);
      } catch (TransactionConflictException e) {
        return new CommitReport.Refused(String.valueOf(e.getMessage()));
      }
    }

    public @Nullable Long snapshotVersion() {
      return tx.options().level() == io.khonsu.mvcc.IsolationLevel.READ_COMMITTED
          ? null
          : tx.version();
    }
  }

  private static class RowListSession extends Reporting implements ListAppendStore.Session {
    private final Table table;

    RowListSession(Transaction tx, Table table) {
      super(tx);
      this.table = table;
    }

    @Override
    public List<Long> read(long key) {
      return items(tx, table, key);
    }

    @Override
    public void append(long key, long value) {
      List<Long> items = read(key);
      items.add(value);
      tx.upsert(table, table.row(key, items));
      wrote();
    }
  }

  /** Reads at a snapshot; the appends that the workload asks for make it fail, as one may. */
  private static final class SnapshotListSession implements ListAppendStore.Session {
    private final Snapshot snapshot;
    private final Table table;
    private boolean wasToAppend;

    SnapshotListSession(Snapshot snapshot, Table table) {
      this.snapshot = snapshot;
      this.table = table;
    }

    @Override
    public List<Long> read(long key) {
      return items(snapshot, table, key);
    }

    @Override
    public void append(long key, long value) {
      wasToAppend = true;
    }

    @Override
    public CommitReport commit() {
      try (snapshot) {
        return wasToAppend
            ? new CommitReport.Refused("a snapshot is for reading")
            : new CommitReport.Committed(null);
      }
    }

    @Override
    public @Nullable Long snapshotVersion() {
      return snapshot.version();
    }
  }

  private static List<Long> items(ReadView view, Table table, long key) {
    List<Long> items = new ArrayList<>();
    view.get(table, key)
        .map(row -> row.get("items"))
        .ifPresent(list -> ((List<?>) list).forEach(item -> items.add((Long) item)));
    return items;
  }

  private class BatchListSession extends Reporting implements ListAppendStore.Session {
    private final Table table;

    BatchListSession(Transaction tx, Table table) {
      super(tx);
      this.table = table;
    }

    @Override
    public List<Long> read(long key) {
      return Items.numbers(tx, table, "k" + key);
    }

    @Override
    public void append(long key, long value) {
      List<Long> items = new ArrayList<>(read(key));
      items.add(value);
      Items.write(
          tx, table, "k" + key, allocator, items.stream().mapToLong(Long::longValue).toArray());
      wrote();
    }
  }

  private static final class RegisterSession extends Reporting implements RegisterStore.Session {
    private final Table table;

    RegisterSession(Transaction tx, Table table) {
      super(tx);
      this.table = table;
    }

    @Override
    public OptionalLong read(long key) {
      return tx.get(table, key).stream().mapToLong(row -> row.getLong("value")).findFirst();
    }

    @Override
    public void write(long key, long value) {
      tx.upsert(table, table.row(key, value));
      wrote();
    }
  }
}
