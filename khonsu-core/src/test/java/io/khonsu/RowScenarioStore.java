package io.khonsu;

import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.scenario.BeginOptions;
import io.khonsu.testkit.scenario.CommitOutcome;
import io.khonsu.testkit.scenario.ScenarioPredicate;
import io.khonsu.testkit.scenario.ScenarioStore;
import io.khonsu.testkit.scenario.ScenarioTransaction;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** A row table as the testkit's scripts see a store, through nothing but the public API. */
class RowScenarioStore implements ScenarioStore {
  private final Store db;
  private final Table table;
  private final Certification certification;
  private final boolean compacts;

  RowScenarioStore(Store db, Certification certification) {
    this(db, certification, false);
  }

  private RowScenarioStore(Store db, Certification certification, boolean compacts) {
    this.db = db;
    this.certification = certification;
    this.table = Items.rows(db, "items");
    this.compacts = compacts;
  }

  /** {@return the same, compacted before every step} */
  static RowScenarioStore compacting(Khonsu db) {
    return new RowScenarioStore(db, Certification.OCC, true);
  }

  private void prepare() {
    if (compacts) {
      ((Khonsu) db).compact();
    }
  }

  static IsolationLevel levelOf(Level level) {
    return switch (level) {
      case READ_COMMITTED -> IsolationLevel.READ_COMMITTED;
      case SNAPSHOT -> IsolationLevel.SNAPSHOT;
      case REPEATABLE_READ -> IsolationLevel.REPEATABLE_READ;
      case SERIALIZABLE -> IsolationLevel.SERIALIZABLE;
    };
  }

  @Override
  public ScenarioTransaction begin(BeginOptions options) {
    prepare();
    if (options.access() == BeginOptions.Access.READ_ONLY
        && options.level() != Level.READ_COMMITTED) {
      return new ReadOnlySession(db.snapshot());
    }
    return new Session(
        db.begin(
            TransactionOptions.of(levelOf(options.level()))
                .onConflict(
                    options.strategy() == BeginOptions.Strategy.FAIL
                        ? ConflictStrategy.FAIL
                        : ConflictStrategy.REPLACE)));
  }

  @Override
  public SortedMap<String, Long> state() {
    return Items.state(db, table);
  }

  @Override
  public boolean ordersByCommit() {
    return certification == Certification.OCC;
  }

  @Override
  public boolean supports(BeginOptions.Strategy strategy) {
    return true;
  }

  void dropTable() {
    db.dropTable(table);
  }

  @Override
  public void close() {
    db.close();
  }

  private OptionalLong read(ReadView view, String key) {
    prepare();
    return view.get(table, key).stream().mapToLong(row -> row.getLong("value")).findFirst();
  }

  private SortedMap<String, Long> scan(ReadView view, ScenarioPredicate predicate) {
    prepare();
    SortedMap<String, Long> rows = new TreeMap<>();
    view.scan(table, scanOf(predicate))
        .rows()
        .forEach(row -> rows.put(row.getString("id"), row.getLong("value")));
    return rows;
  }

  private static Scan scanOf(ScenarioPredicate predicate) {
    RowFilter.Column value = RowFilter.column("value");
    return switch (predicate) {
      case ScenarioPredicate.All() -> Scan.all();
      case ScenarioPredicate.ValueEquals(long operand) -> Scan.all().where(value.eq(operand));
      case ScenarioPredicate.ValueMultipleOf(long divisor) ->
          Scan.all().where(value.mod(divisor).eq(0L));
      case ScenarioPredicate.ValueLessThan(long bound) -> Scan.all().where(value.lessThan(bound));
      case ScenarioPredicate.KeyPrefix(String prefix) -> Scan.of(KeyRange.prefix(prefix));
      case ScenarioPredicate.KeyPrefixAndValueEquals(String prefix, long operand) ->
          Scan.of(KeyRange.prefix(prefix)).where(value.eq(operand));
      case ScenarioPredicate.KeyRange(String start, String end) ->
          Scan.of(KeyRange.closedOpen(start, end));
    };
  }

  private final class Session implements ScenarioTransaction {
    private final Transaction tx;

    Session(Transaction tx) {
      this.tx = tx;
    }

    @Override
    public OptionalLong read(String key) {
      return RowScenarioStore.this.read(tx, key);
    }

    @Override
    public void write(String key, long value) {
      tx.upsert(table, table.row(key, value));
    }

    @Override
    public void delete(String key) {
      tx.delete(table, key);
    }

    @Override
    public SortedMap<String, Long> scan(ScenarioPredicate predicate) {
      return RowScenarioStore.this.scan(tx, predicate);
    }

    @Override
    public CommitOutcome commit() {
      prepare();
      try (tx) {
        tx.commit();
        return new CommitOutcome.Committed();
      } catch (TransactionConflictException e) {
        boolean retryable = e.retry() == StoreException.Retry.NEW_TRANSACTION;
        return new CommitOutcome.Refused(String.valueOf(e.getMessage()), retryable);
      }
    }

    @Override
    public void abort() {
      tx.close();
    }
  }

  private final class ReadOnlySession implements ScenarioTransaction {
    private final Snapshot snapshot;

    ReadOnlySession(Snapshot snapshot) {
      this.snapshot = snapshot;
    }

    @Override
    public OptionalLong read(String key) {
      return RowScenarioStore.this.read(snapshot, key);
    }

    @Override
    public void write(String key, long value) {
      throw new UnsupportedOperationException("a read-only session");
    }

    @Override
    public void delete(String key) {
      throw new UnsupportedOperationException("a read-only session");
    }

    @Override
    public SortedMap<String, Long> scan(ScenarioPredicate predicate) {
      return RowScenarioStore.this.scan(snapshot, predicate);
    }

    @Override
    public CommitOutcome commit() {
      snapshot.close();
      return new CommitOutcome.Committed();
    }

    @Override
    public void abort() {
      snapshot.close();
    }
  }
}
