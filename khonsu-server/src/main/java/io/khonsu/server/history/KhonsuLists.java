package io.khonsu.server.history;

import io.khonsu.Row;
import io.khonsu.Snapshot;
import io.khonsu.Store;
import io.khonsu.Table;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.CommitReport;
import io.khonsu.testkit.history.ListAppendStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * A store as lists: each is a row with an Arrow list, and an append reads it and writes it back
 * longer, in one transaction.
 */
public final class KhonsuLists implements ListAppendStore {
  private static final String NAME = "lists";

  private final Store db;
  private final Table table;

  private KhonsuLists(Store db, Table table) {
    this.db = db;
    this.table = table;
  }

  /** Creates the table {@code lists} in a store, which the caller closes. */
  public KhonsuLists(Store db) {
    this(db, createTable(db));
  }

  /**
   * {@return the lists of a store; where there is no table of them, one is created}
   *
   * @throws io.khonsu.TableExistsException if somebody else has just done so: call again
   */
  public static KhonsuLists in(Store db) {
    return new KhonsuLists(db, db.table(NAME).orElseGet(() -> createTable(db)));
  }

  private static Table createTable(Store db) {
    Field element = Field.notNullable("element", CheckedTransaction.INT64);
    Field value = CheckedTransaction.value(ArrowType.List.INSTANCE, List.of(element));
    return CheckedTransaction.createTable(db, NAME, value);
  }

  /**
   * {@return all lists of a store that are not empty, by their numbers, at one linearizable point}
   */
  public static Map<Long, List<Long>> all(Store db) {
    Map<Long, List<Long>> lists = new TreeMap<>();
    try (Snapshot snapshot = db.snapshot()) {
      Table table = db.table(NAME).orElse(null);
      if (table != null) {
        for (Row row : snapshot.scan(table).rows()) {
          lists.put(row.getLong("key"), values(row.get("value")));
        }
      }
    }
    return lists;
  }

  private static List<Long> values(@Nullable Object value) {
    List<Long> values = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(element -> values.add((Long) element));
    }
    return values;
  }

  @Override
  public Session begin(Level level) {
    CheckedTransaction transaction = CheckedTransaction.begin(db, table, level);
    return new Session() {
      @Override
      public List<Long> read(long key) {
        return values(transaction.read(key).orElse(null));
      }

      @Override
      public void append(long key, long value) {
        List<Long> values = read(key);
        values.add(value);
        transaction.write(key, values);
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
