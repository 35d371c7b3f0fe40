package io.khonsu;

import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The rows that a scan found, in key order; valid until its transaction or snapshot ends.
 *
 * <p>Rows that were committed together come as vectors without a copy, others are copied together
 * into batches of up to {@value #BATCH_ROWS_MAX} rows, when they are asked for. Not thread-safe:
 * used as its view, whose exceptions its methods throw.
 */
public final class ScanResult implements Iterable<RecordBatch> {
  /** The most rows that are copied into one batch. */
  static final int BATCH_ROWS_MAX = 65_536;

  /** A run of at least this many rows is worth a batch of its own. */
  private static final int RUN_ROWS_MIN = 1_024;

  private final BatchSchema schema;
  private final int[] projection;
  private final RowShape shape;
  private final FoundRows found;
  private final ViewState view;
  private final BufferAllocator allocator;

  ScanResult(
      BatchSchema schema,
      int[] projection,
      RowShape shape,
      FoundRows found,
      ViewState view,
      BufferAllocator allocator) {
    this.schema = schema;
    this.projection = projection;
    this.shape = shape;
    this.found = found;
    this.view = view;
    this.allocator = allocator;
  }

  /** {@return the number of rows} */
  public long rowCount() {
    return found.rowCount();
  }

  /** {@return the columns} */
  public Schema schema() {
    return schema.project(projection).schema();
  }

  /** {@return the rows as batches, none of them empty} Every call makes them anew. */
  @Override
  public Iterator<RecordBatch> iterator() {
    return new BatchIterator();
  }

  /** {@return all rows as one batch, also if there are none} */
  public RecordBatch toBatch() {
    Gather gather = new Gather(schema, projection);
    for (int i = 0; i < found.runCount(); i++) {
      gather.add(found.batch(i), found.firstRow(i), found.count(i));
    }
    return export(gather);
  }

  /** {@return all rows as Java values} */
  public List<Row> rows() {
    return view.inside(this::readRows);
  }

  private List<Row> readRows() {
    List<Row> rows = new ArrayList<>();
    for (int run = 0; run < found.runCount(); run++) {
      for (int i = 0; i < found.count(run); i++) {
        rows.add(row(found.batch(run), found.firstRow(run) + i));
      }
    }
    return rows;
  }

  private RecordBatch export(Gather gather) {
    return view.inside(() -> view.export(gather, allocator));
  }

  private Row row(FrozenBatch batch, int index) {
    @Nullable Object[] values = new Object[projection.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = batch.getObject(projection[i], index);
    }
    return new Row(shape, values);
  }

  private final class BatchIterator implements Iterator<RecordBatch> {
    private int run;

    @Override
    public boolean hasNext() {
      return run < found.runCount();
    }

    @Override
    public RecordBatch next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Gather gather = new Gather(schema, projection);
      boolean isAlone = isPassedOn(run);
      do {
        gather.add(found.batch(run), found.firstRow(run), found.count(run));
        run++;
      } while (!isAlone && hasNext() && !isPassedOn(run) && fits(gather));
      return export(gather);
    }

    private boolean fits(Gather gather) {
      return gather.rowCount() + found.count(run) <= BATCH_ROWS_MAX;
    }

    /** A native run that is large enough is passed on as it lies. */
    private boolean isPassedOn(int index) {
      return found.batch(index).isNative() && found.count(index) >= RUN_ROWS_MIN;
    }
  }
}
