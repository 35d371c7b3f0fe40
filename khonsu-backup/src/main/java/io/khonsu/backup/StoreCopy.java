package io.khonsu.backup;

import io.khonsu.KeyRange;
import io.khonsu.Khonsu;
import io.khonsu.RecordBatch;
import io.khonsu.Snapshot;
import io.khonsu.Store;
import io.khonsu.Table;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Copies what a store holds into an empty one, such as a new cluster: all tables, rows and batches,
 * as commits of about 4 MiB, which have versions of their own. What the first one remembers of the
 * past is not copied.
 */
public final class StoreCopy {
  private StoreCopy() {}

  /**
   * What was copied.
   *
   * @param tables how many tables
   * @param rows how many rows of row tables
   * @param batches how many batches of batch tables
   */
  public record Copied(int tables, long rows, long batches) {}

  /**
   * Copies a store. Others see a part of it meanwhile, and if it fails the part stays: copy into
   * another new store then.
   *
   * @param from borrowed; nobody need commit to it meanwhile
   * @param to borrowed
   * @param progress told of rows and batches copied
   * @throws IllegalArgumentException if {@code to} has tables
   * @throws io.khonsu.LimitExceededException if a row or batch is larger than {@code to} takes
   */
  public static Copied copy(Khonsu from, Store to, LongConsumer progress) {
    checkEmpty(to);
    Counter counter = new Counter(progress);
    List<Table> tables = from.tables();
    try (Snapshot snapshot = from.snapshot()) {
      for (Table table : tables) {
        Table made = to.createTable(table.spec());
        switch (table.spec().kind()) {
          case ROWS -> copyRows(snapshot, table, to, made, counter);
          case BATCHES -> copyBatches(snapshot, table, to, made, counter);
        }
      }
    }
    return new Copied(tables.size(), counter.rows, counter.batches);
  }

  /**
   * Checks that a store has no tables.
   *
   * @throws IllegalArgumentException if it has some
   */
  public static void checkEmpty(Store to) {
    List<String> names = to.tables().stream().map(Table::name).sorted().toList();
    if (!names.isEmpty()) {
      throw new IllegalArgumentException(
          "the store that is copied to must be empty, but has the tables %s: use a new one"
              .formatted(String.join(", ", names)));
    }
  }

  private static void copyRows(
      Snapshot snapshot, Table table, Store to, Table made, Counter counter) {
    for (RecordBatch rows : snapshot.scan(table)) {
      try (rows) {
        to.run(tx -> tx.upsert(made, rows.root()));
        counter.rows(rows.rowCount());
      }
    }
  }

  private static void copyBatches(
      Snapshot snapshot, Table table, Store to, Table made, Counter counter) {
    for (String name : snapshot.names(table, KeyRange.all())) {
      try (RecordBatch batch = snapshot.read(table, name).orElseThrow()) {
        to.run(tx -> tx.write(made, name, batch.root()));
        counter.batch();
      }
    }
  }

  /** Counts what was copied. */
  private static final class Counter {
    private final LongConsumer progress;
    private long rows;
    private long batches;

    private Counter(LongConsumer progress) {
      this.progress = progress;
    }

    private void rows(long count) {
      rows += count;
      progress.accept(rows + batches);
    }

    private void batch() {
      batches++;
      progress.accept(rows + batches);
    }
  }
}
