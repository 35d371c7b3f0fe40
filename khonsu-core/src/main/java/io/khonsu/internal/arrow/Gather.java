package io.khonsu.internal.arrow;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * Rows of many batches of one schema, put together in order. Add runs, then take the result any
 * number of times. Batches are borrowed until then. Not thread-safe.
 */
public final class Gather {
  /** Of large batches on the heap no more is held than this: their rows are copied first. */
  private static final long HELD_BYTES_MAX = 4L << 20;

  private final BatchSchema source;
  private final BatchSchema target;
  private final int[] projection;
  private final List<Run> runs = new ArrayList<>();

  /** The rows before those of the runs, if some were copied already. */
  private @Nullable BatchBuilder copied;

  private long heldBytes;
  private int rowCount;

  /** Gathers all columns. */
  public Gather(BatchSchema schema) {
    this(schema, schema, IntStream.range(0, schema.columnCount()).toArray());
  }

  /** Gathers the given columns of {@code schema}, in the given order. */
  public Gather(BatchSchema schema, int... columnIndexes) {
    this(schema, schema.project(columnIndexes), columnIndexes.clone());
  }

  private Gather(BatchSchema source, BatchSchema target, int[] projection) {
    this.source = source;
    this.target = target;
    this.projection = projection;
  }

  /** {@return the schema of the result} */
  public BatchSchema schema() {
    return target;
  }

  public int rowCount() {
    return rowCount;
  }

  /** Adds rows; a run that continues the one before is joined to it. */
  public Gather add(FrozenBatch batch, int firstRow, int count) {
    Objects.checkFromIndexSize(firstRow, count, batch.rowCount());
    if (batch.schema() != source && !batch.schema().schema().equals(source.schema())) {
      throw new IllegalArgumentException(
          "the schema of the batch is " + batch.schema() + ", not " + source);
    }
    if (count == 0) {
      return this;
    }
    rowCount = Math.addExact(rowCount, count);
    Run last = runs.isEmpty() ? null : runs.getLast();
    if (last != null && last.batch == batch && last.firstRow + last.count == firstRow) {
      last.count += count;
    } else {
      if (batch.isHeavy() && (last == null || last.batch != batch)) {
        makeRoom(batch.sizeBytes());
      }
      runs.add(new Run(batch, firstRow, count));
    }
    return this;
  }

  private void makeRoom(long sizeBytes) {
    if (heldBytes > 0 && heldBytes + sizeBytes > HELD_BYTES_MAX) {
      BatchBuilder builder = copied == null ? new BatchBuilder(target) : copied;
      appendRuns(builder);
      copied = builder;
      runs.clear();
      heldBytes = 0;
    }
    heldBytes += sizeBytes;
  }

  /** {@return a copy of the rows} */
  @MustBeClosed
  public FrozenBatch toBatch(BufferAllocator allocator) {
    return copy().freeze(allocator);
  }

  /**
   * {@return the rows as vectors; of one run of a native batch as far as possible without a copy}
   *
   * @param allocator of the same root as that of the batches, or the rows are copied
   */
  @MustBeClosed
  public VectorSchemaRoot toVectors(BufferAllocator allocator) {
    if (runs.size() == 1 && copied == null) {
      Run only = runs.getFirst();
      if (VectorExport.sharable(only.batch, only.count, allocator)) {
        return VectorExport.share(
            target,
            chosen(only.batch),
            only.batch,
            new int[] {only.firstRow, only.count},
            allocator);
      }
    }
    return VectorExport.copy(target, copy().nodes(), rowCount, allocator);
  }

  BatchBuilder copy() {
    BatchBuilder builder = new BatchBuilder(target);
    builder.reserve(rowCount);
    if (copied != null) {
      builder.appendFresh(copied.nodes(), 0, copied.rowCount());
    }
    appendRuns(builder);
    return builder;
  }

  private void appendRuns(BatchBuilder builder) {
    @Nullable FrozenBatch previous = null;
    Column[] columns = {};
    for (Run run : runs) {
      if (run.batch != previous) {
        columns = chosen(run.batch);
        previous = run.batch;
      }
      builder.appendFresh(columns, run.firstRow, run.count);
    }
  }

  private Column[] chosen(FrozenBatch batch) {
    Column[] all = batch.nodes();
    Column[] chosen = new Column[projection.length];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = all[projection[i]];
    }
    return chosen;
  }

  private static final class Run {
    final FrozenBatch batch;
    final int firstRow;
    int count;

    Run(FrozenBatch batch, int firstRow, int count) {
      this.batch = batch;
      this.firstRow = firstRow;
      this.count = count;
    }
  }
}
