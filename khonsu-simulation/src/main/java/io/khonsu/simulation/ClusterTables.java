package io.khonsu.simulation;

import io.khonsu.KeyRange;
import io.khonsu.Khonsu;
import io.khonsu.ReadView;
import io.khonsu.Row;
import io.khonsu.RowFilter;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.mvcc.ConflictStrategy;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** What simulated clients keep: lists in rows, and a log that is written and not read. */
final class ClusterTables {
  private static final ArrowType INT64 = new ArrowType.Int(64, true);
  private static final Field VALUE = Field.notNullable("value", INT64);
  private static final String LISTS = "lists";
  private static final String LOG = "log";

  static final List<TableSpec> SPECS =
      List.of(
          TableSpec.rows(
                  LISTS,
                  new Schema(
                      List.of(
                          Field.notNullable("key", INT64),
                          Field.notNullable("values", ArrowType.Utf8.INSTANCE))))
              .primaryKey("key"),
          TableSpec.rows(LOG, new Schema(List.of(VALUE))).primaryKey("value"));

  private ClusterTables() {}

  static boolean areThere(Khonsu store) {
    return SPECS.stream().allMatch(spec -> store.table(spec.name()).isPresent());
  }

  private static Table table(Khonsu store, String name) {
    return store.table(name).orElseThrow();
  }

  static List<Long> list(Khonsu store, ReadView view, long key) {
    return view.get(table(store, LISTS), key)
        .map(row -> parse(row.getString("values")))
        .orElseGet(List::of);
  }

  static void append(Khonsu store, Transaction tx, long key, long value) {
    List<Long> values = new ArrayList<>(list(store, tx, key));
    values.add(value);
    String text = String.join(",", values.stream().map(String::valueOf).toList());
    Table lists = table(store, LISTS);
    tx.upsert(lists, lists.row(key, text));
  }

  /**
   * {@return the lists with the keys from one on and before another, of even or odd keys; those
   * that are not there are empty}
   */
  static SortedMap<Long, List<Long>> lists(
      Khonsu store, ReadView view, long from, long to, long parity) {
    SortedMap<Long, List<Long>> lists = new TreeMap<>();
    for (long key = from; key < to; key++) {
      if (key % 2 == parity) {
        lists.put(key, List.of());
      }
    }
    RowFilter filter = RowFilter.column("key").mod(2).eq(parity);
    Scan scan = Scan.of(KeyRange.all()).where(filter);
    for (Row row : view.scan(table(store, LISTS), scan).rows()) {
      lists.put(row.getLong("key"), parse(row.getString("values")));
    }
    return lists;
  }

  /** Adds a value to the log, which is not read. */
  static void log(Khonsu store, Transaction tx, long value) {
    Table log = table(store, LOG);
    tx.upsert(log, log.row(value), ConflictStrategy.IGNORE);
  }

  static List<Long> log(Khonsu store, ReadView view) {
    return view.scan(table(store, LOG)).rows().stream().map(row -> row.getLong("value")).toList();
  }

  /** {@return all that is in the store of a node} */
  static Object content(Khonsu store) {
    try (Snapshot snapshot = store.localSnapshot()) {
      return store.tables().stream()
          .map(table -> List.of(table.name(), snapshot.scan(table, Scan.all()).rows()))
          .toList();
    }
  }

  private static List<Long> parse(String text) {
    List<Long> values = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      values.add(Long.parseLong(part));
    }
    return values;
  }
}
