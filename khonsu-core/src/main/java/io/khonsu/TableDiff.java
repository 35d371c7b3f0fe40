package io.khonsu;

import io.khonsu.internal.arrow.DiffBuilder;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.Version;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The items of a table that differ between two versions, in key order, as Arrow batches of up to
 * {@value #ROWS_MAX} rows, made one at a time. Close it. Not thread-safe.
 *
 * <p>The columns: those of the primary key; {@code change}, one of the names of {@link
 * Change.Kind}; {@code before} and {@code after}, structs of all columns of the table, null where
 * the row does not exist. Where a key column has one of these names, theirs begin with underscores.
 *
 * <p>Of a batch table every row stands for a whole batch: its key is {@code key}, the name; {@code
 * before} and {@code after} are lists of such structs, null where the batch does not exist.
 */
public final class TableDiff implements Iterable<RecordBatch>, AutoCloseable {
  /** The most rows of a batch. */
  static final int ROWS_MAX = 4_096;

  /** Rows of about that size together are enough for a batch. */
  private static final long BATCH_BYTES = 4L << 20;

  private final TransactionManager manager;
  private final Table table;
  private final OpenSnapshot from;
  private final OpenSnapshot to;
  private final DiffBuilder.Shape shape;

  TableDiff(TransactionManager manager, Table table, OpenSnapshot from, OpenSnapshot to) {
    this.manager = manager;
    this.table = table;
    this.from = from;
    this.to = to;
    this.shape =
        table.isRowTable()
            ? DiffBuilder.Shape.ofRows(table.batchSchema(), table.keyColumnIndexes())
            : DiffBuilder.Shape.ofBatches(table.batchSchema(), Table.NAME);
  }

  /** {@return the columns} */
  public Schema schema() {
    return shape.schema();
  }

  /**
   * {@return the changes as batches, none of them empty} Every call makes them anew. A batch is
   * valid until this is closed; closing it earlier gives its memory back earlier.
   *
   * <p>Asking for a batch throws what {@link ReadView} says, and {@link UnavailableException} over
   * the memory limit.
   */
  @Override
  public Iterator<RecordBatch> iterator() {
    return new Batches();
  }

  /** Ends this, and its batches. Closing twice does nothing. */
  @Override
  public void close() {
    from.close();
    to.close();
  }

  private static StoredBatch batchOf(Version<StoredValue> version) {
    return (StoredBatch) version.requireValue();
  }

  private final class Batches implements Iterator<RecordBatch> {
    private @Nullable KeyInterval rest = table.allKeys();

    /** What is left after the batch being filled. */
    private @Nullable KeyInterval further;

    private @Nullable DiffBuilder filled;
    private long sizeBytes;

    @Override
    public boolean hasNext() {
      KeyInterval interval = rest;
      if (filled == null && interval != null) {
        var _ = manager.check(table);
        DiffBuilder builder = from.state().during(() -> to.state().during(() -> fill(interval)));
        rest = further;
        filled = builder.rowCount() == 0 ? null : builder;
      }
      return filled != null;
    }

    @Override
    public RecordBatch next() {
      if (!hasNext() || filled == null) {
        throw new NoSuchElementException();
      }
      DiffBuilder builder = filled;
      RecordBatch batch = to.state().during(() -> to.state().export(builder, manager.memory()));
      filled = null;
      return batch;
    }

    private DiffBuilder fill(KeyInterval interval) {
      DiffBuilder builder = new DiffBuilder(shape);
      RecentBatches recent = RecentBatches.insideView();
      sizeBytes = 0;
      further = null;
      manager
          .buffer()
          .diff(
              interval,
              from.state().snapshot(),
              to.state().snapshot(),
              (key, before, after) -> {
                add(builder, recent, key, before, after);
                boolean goesOn = builder.rowCount() < ROWS_MAX && sizeBytes < BATCH_BYTES;
                if (!goesOn) {
                  further = new KeyInterval(key.successor(), interval.to());
                }
                return goesOn;
              });
      return builder;
    }

    private void add(
        DiffBuilder builder,
        RecentBatches recent,
        Key key,
        @Nullable Version<StoredValue> before,
        @Nullable Version<StoredValue> after) {
      String change = Change.kindOf(before != null, after != null).name();
      FrozenBatch old = before == null ? null : recent.bytesOf(batchOf(before));
      FrozenBatch young = after == null ? null : recent.bytesOf(batchOf(after));
      if (table.isRowTable()) {
        int oldRow = before == null ? 0 : before.index();
        int newRow = after == null ? 0 : after.index();
        builder.addRow(change, old, oldRow, young, newRow);
      } else {
        builder.addBatch(change, table.batchName(key), old, young);
      }
      sizeBytes += before == null ? 0 : batchOf(before).rowBytes();
      sizeBytes += after == null ? 0 : batchOf(after).rowBytes();
    }
  }
}
