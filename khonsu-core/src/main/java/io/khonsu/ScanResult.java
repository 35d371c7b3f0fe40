package io.khonsu;

import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The rows that a scan found, in key order; valid until its transaction or snapshot ends.
 *
 * <p>Rows that were committed together come as vectors without a copy, others are copied together
 * into batches of up to {@value #BATCH_ROWS_MAX} rows, when they are asked for. Not thread-safe.
 */
public final class ScanResult implements Iterable<RecordBatch> {
  /** The most rows that are copied into one batch. */
  static final int BATCH_ROWS_MAX = 65_536;

  /** A run of at least this many rows is worth a batch of its own. */
  private static final int RUN_ROWS_MIN = 1_024;

  /** As many bytes, or little more, are copied into one batch. */
  private static final long BATCH_BYTES_MAX = 4L << 20;

  private final BatchSchema schema;
  private final int[] projection;
  private final RowShape shape;
  private final FoundRows found;
  private final ViewState view;
  private final Memory memory;

  ScanResult(
      BatchSchema schema,
      int[] projection,
      RowShape shape,
      FoundRows found,
      ViewState view,
      Memory memory) {
    this.schema = schema;
    this.projection = projection;
    this.shape = shape;
    this.found = found;
    this.view = view;
    this.memory = memory;
  }

  /** {@return the number of rows} */
  public long rowCount() {
    return found.rowCount();
  }

  /** {@return the columns} */
  public Schema schema() {
    return schema.project(projection).schema();
  }

  /**
   * {@return the rows as batches, none of them empty} Every call makes them anew. A batch is valid
   * until its transaction or snapshot ends; closing it earlier gives its memory back earlier.
   *
   * <p>Asking for the next batch throws what {@link ReadView} says, and {@link
   * UnavailableException} over the memory limit.
   */
  @Override
  public Iterator<RecordBatch> iterator() {
    return new BatchIterator();
  }

  /**
   * {@return all rows as one batch, also if there are none; otherwise as {@link #iterator}}
   *
   * @throws ArithmeticException if there are more than 2^31 - 1 rows
   */
  public RecordBatch toBatch() {
    return view.during(() -> {
      Gather gather = new Gather(schema, projection);
      RecentBatches recent = RecentBatches.insideView();
      for (int run = 0; run < found.runCount(); run++) {
        addTo(gather, recent, run);
      }
      return view.export(gather, memory);
    });
  }

  /** {@return all rows as Java values, which stay valid} */
  public List<Row> rows() {
    return view.during(this::readRows);
  }

  @Override
  public String toString() {
    return "ScanResult[%d rows of %s]".formatted(rowCount(), shape.names());
  }

  private void addTo(Gather gather, RecentBatches recent, int run) {
    gather.add(recent.bytesOf(found.batch(run)), found.firstRow(run), found.count(run));
  }

  private List<Row> readRows() {
    List<Row> rows = new ArrayList<>();
    RecentBatches recent = RecentBatches.insideView();
    for (int run = 0; run < found.runCount(); run++) {
      FrozenBatch batch = recent.bytesOf(found.batch(run));
      for (int i = 0; i < found.count(run); i++) {
        rows.add(row(batch, found.firstRow(run) + i));
      }
    }
    return rows;
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
      return view.during(this::copyNext);
    }

    private RecordBatch copyNext() {
      Gather gather = new Gather(schema, projection);
      RecentBatches recent = RecentBatches.insideView();
      boolean isAlone = isPassedOn(run);
      int next = run;
      long sizeBytes = 0;
      do {
        addTo(gather, recent, next);
        sizeBytes += sizeBytes(next);
        next++;
      } while (!isAlone
          && next < found.runCount()
          && !isPassedOn(next)
          && gather.rowCount() + found.count(next) <= BATCH_ROWS_MAX
          && sizeBytes + sizeBytes(next) <= BATCH_BYTES_MAX);
      RecordBatch rows = view.export(gather, memory);
      run = next; // only now: who asks again after a failure misses nothing
      return rows;
    }

    private long sizeBytes(int index) {
      return found.count(index) * found.batch(index).rowBytes();
    }

    /** A large run is passed on alone, and as it lies if it is in Arrow memory. */
    private boolean isPassedOn(int index) {
      return found.batch(index).isLarge() && found.count(index) >= RUN_ROWS_MIN;
    }
  }
}
