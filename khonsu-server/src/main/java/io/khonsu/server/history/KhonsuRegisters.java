package io.khonsu.server.history;

import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.CommitReport;
import io.khonsu.testkit.history.RegisterStore;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A store as registers: each is a row with one number. */
public final class KhonsuRegisters implements RegisterStore {
  private final Khonsu db;
  private final Table table;

  /** Creates the table {@code registers} in a store, which the caller closes. */
  public KhonsuRegisters(Khonsu db) {
    this.db = db;
    this.table =
        CheckedTransaction.createTable(
            db, "registers", CheckedTransaction.value(CheckedTransaction.INT64, List.of()));
  }

  @Override
  public Session begin(Level level) {
    CheckedTransaction transaction = CheckedTransaction.begin(db, table, level);
    return new Session() {
      @Override
      public OptionalLong read(long key) {
        return transaction
            .read(key)
            .map(value -> OptionalLong.of((Long) value))
            .orElse(OptionalLong.empty());
      }

      @Override
      public void write(long key, long value) {
        transaction.write(key, value);
      }

      @Override
      public CommitReport commit() {
        return transaction.commit();
      }

      @Override
      public @Nullable Long snapshotVersion() {
        return transaction.snapshotVersion();
      }
    };
  }
}
