package io.khonsu.server.history;

import io.khonsu.CommitOutcomeUnknownException;
import io.khonsu.Row;
import io.khonsu.Store;
import io.khonsu.StoreException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.TransactionAbortedException;
import io.khonsu.TransactionOptions;
import io.khonsu.UnavailableException;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.CommitReport;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** A transaction on a row table of a number and a value, whose end is told as checkers want it. */
final class CheckedTransaction {
  /** The type of numbers. */
  static final ArrowType INT64 = new ArrowType.Int(64, true);

  private final Table table;
  private final Transaction transaction;

  private CheckedTransaction(Table table, Transaction transaction) {
    this.table = table;
    this.transaction = transaction;
  }

  /** {@return a new table of the columns "key" and "value"} */
  static Table createTable(Store db, String name, Field value) {
    Schema schema = new Schema(List.of(Field.notNullable("key", INT64), value));
    return db.createTable(TableSpec.rows(name, schema).primaryKey("key"));
  }

  /** {@return a field called "value"} */
  static Field value(ArrowType type, List<Field> children) {
    return new Field("value", FieldType.notNullable(type), children);
  }

  static CheckedTransaction begin(Store db, Table table, Level level) {
    IsolationLevel isolation =
        switch (level) {
          case READ_COMMITTED -> IsolationLevel.READ_COMMITTED;
          case SNAPSHOT -> IsolationLevel.SNAPSHOT;
          case REPEATABLE_READ -> IsolationLevel.REPEATABLE_READ;
          case SERIALIZABLE -> IsolationLevel.SERIALIZABLE;
        };
    return new CheckedTransaction(table, db.begin(TransactionOptions.of(isolation)));
  }

  /** {@return the value of a key, if it has one} A failure ends the transaction. */
  Optional<Object> read(long key) {
    try {
      return transaction.get(table, key).map(row -> row.get("value"));
    } catch (StoreException e) {
      transaction.close();
      throw e;
    }
  }

  /** Writes a value. A failure ends the transaction. */
  void write(long key, Object value) {
    try {
      transaction.upsert(table, Row.of("key", key, "value", value));
    } catch (StoreException e) {
      transaction.close();
      throw e;
    }
  }

  CommitReport commit() {
    try {
      return new CommitReport.Committed(transaction.commit().version());
    } catch (TransactionAbortedException e) {
      return new CommitReport.Refused(String.valueOf(e.getMessage()));
    } catch (CommitOutcomeUnknownException e) {
      return new CommitReport.Unknown(String.valueOf(e.getMessage()));
    } catch (UnavailableException e) { // nothing has happened, and it is still open
      transaction.close();
      return new CommitReport.Refused(String.valueOf(e.getMessage()));
    }
  }

  /** {@return the version that all reads see, or null if every read has its own} */
  @Nullable Long snapshotVersion() {
    return transaction.options().level().readsAtBegin() ? transaction.version() : null;
  }
}
