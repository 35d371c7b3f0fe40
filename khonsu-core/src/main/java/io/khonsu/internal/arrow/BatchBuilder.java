package io.khonsu.internal.arrow;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.InvalidBatchException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.jspecify.annotations.Nullable;

/**
 * The rows that one transaction is about to write to one table, in columns on the heap: an
 * abandoned builder leaves nothing behind. Not thread-safe.
 *
 * <p>The natural Java types, taken by {@link #appendRow} and returned by every {@code getObject}:
 * {@code Boolean}; {@code Byte}, {@code Short}, {@code Integer}, {@code Long} for signed integers
 * (any of them is taken if in range), {@code Integer}, {@code Integer}, {@code Long}, {@code
 * BigInteger} for unsigned ones; {@code Float} (16 and 32 bits), {@code Double}; {@code
 * BigDecimal}; {@code LocalDate}; {@code LocalTime}; {@code LocalDateTime} for timestamps without
 * time zone, {@code Instant} with one ({@code ZonedDateTime} and {@code OffsetDateTime} are taken);
 * {@code Duration}; {@code Period} for year-month intervals, {@code PeriodDuration} for the others
 * ({@code Period} and {@code Duration} are taken); {@code String}; {@code byte[]} ({@code
 * ByteBuffer} is taken); {@code UUID} for its extension type; {@code List}; {@code Map} by field
 * name for structs, by key for maps; a union has the value of its child. Times finer than the unit
 * of their column are rounded down.
 */
public final class BatchBuilder {
  private final BatchSchema schema;
  private final ColumnBuilder[] columns;
  private final @Nullable Column[] views;
  private final Marks rowMarks = new Marks();
  private int rowCount;

  public BatchBuilder(BatchSchema schema) {
    this.schema = schema;
    this.columns = new ColumnBuilder[schema.columnCount()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = ColumnBuilder.of(schema.layout(i));
    }
    this.views = new Column[columns.length];
  }

  public BatchSchema schema() {
    return schema;
  }

  public int rowCount() {
    return rowCount;
  }

  /** {@return the bytes that the rows would take as a frame} */
  public long sizeBytes() {
    return FrozenBatch.frameBytes(nodes(), rowCount);
  }

  /** Makes room for that many more rows, as far as their size is known. */
  public void reserve(int rows) {
    for (ColumnBuilder column : columns) {
      column.reserve(rows);
    }
  }

  /**
   * Appends all rows of a batch from outside. On failure nothing is appended.
   *
   * @param root borrowed
   * @throws InvalidBatchException if the batch is not a valid one of this schema
   */
  public void append(VectorSchemaRoot root) {
    append(root, null);
  }

  /**
   * Appends all rows of a batch from outside, decoding what is dictionary-encoded. On failure
   * nothing is appended.
   *
   * @param root borrowed
   * @param dictionaries borrowed; null if nothing is dictionary-encoded
   * @throws InvalidBatchException if the batch is not a valid one of this schema
   */
  public void append(VectorSchemaRoot root, @Nullable DictionaryProvider dictionaries) {
    append(root, 0, root.getRowCount(), dictionaries);
  }

  /**
   * Appends {@code count} rows of a batch from outside. On failure nothing is appended.
   *
   * @param root borrowed; all of it must be valid, not only the rows appended
   * @param dictionaries borrowed; null if nothing is dictionary-encoded
   * @throws InvalidBatchException if the batch is not a valid one of this schema
   */
  public void append(
      VectorSchemaRoot root, int firstRow, int count, @Nullable DictionaryProvider dictionaries) {
    Column[] sources = BatchValidator.validColumns(schema, root, dictionaries);
    Objects.checkFromIndexSize(firstRow, count, root.getRowCount());
    append(sources, firstRow, count);
  }

  /** Appends {@code count} rows of a borrowed batch of an equal schema. */
  public void append(FrozenBatch batch, int firstRow, int count) {
    checkSchema(batch.schema());
    Objects.checkFromIndexSize(firstRow, count, batch.rowCount());
    append(batch.nodes(), firstRow, count);
  }

  /** Appends {@code count} rows of another builder of an equal schema. */
  public void append(BatchBuilder other, int firstRow, int count) {
    checkSchema(other.schema);
    Objects.checkFromIndexSize(firstRow, count, other.rowCount);
    append(other.nodes(), firstRow, count);
  }

  /**
   * Appends a row of a borrowed batch of an equal schema, with natural Java values in the places of
   * some of its own. On failure nothing is appended.
   *
   * @param changed which columns have other values
   * @param values those values, one for each column
   * @throws IllegalArgumentException as by {@link #appendRow(List)}
   */
  public void appendChanged(
      FrozenBatch batch, int row, boolean[] changed, @Nullable Object[] values) {
    checkSchema(batch.schema());
    Objects.checkIndex(row, batch.rowCount());
    Column[] sources = batch.nodes();
    save(rowMarks);
    try {
      for (int i = 0; i < columns.length; i++) {
        if (changed[i]) {
          columns[i].appendObject(values[i]);
        } else {
          columns[i].append(sources[i], row, 1);
        }
      }
    } catch (RuntimeException e) {
      restore(rowMarks, rowCount);
      throw e;
    }
    rowCount++;
    Arrays.fill(views, null);
  }

  /** Appends a row of natural Java values, one for each column. On failure nothing is appended. */
  public void appendRow(@Nullable Object... values) {
    appendRow(Arrays.asList(values));
  }

  /**
   * Appends a row of natural Java values, one for each column. On failure nothing is appended.
   *
   * @throws IllegalArgumentException if a value has the wrong type or is out of range; the message
   *     names column, expected type and value
   */
  public void appendRow(List<? extends @Nullable Object> values) {
    if (values.size() != columns.length) {
      throw new IllegalArgumentException(
          "a row has " + columns.length + " values, got " + values.size());
    }
    save(rowMarks);
    try {
      for (int i = 0; i < columns.length; i++) {
        columns[i].appendObject(values.get(i));
      }
    } catch (RuntimeException e) {
      restore(rowMarks, rowCount);
      throw e;
    }
    rowCount++;
    Arrays.fill(views, null);
  }

  /** {@return the present size, to return to} */
  public Savepoint savepoint() {
    Savepoint savepoint = new Savepoint(this, rowCount);
    save(savepoint.marks);
    return savepoint;
  }

  /** Drops all rows appended since; savepoints taken since must not be used any more. */
  public void rollbackTo(Savepoint savepoint) {
    if (savepoint.owner != this || savepoint.rowCount > rowCount) {
      throw new IllegalArgumentException("the savepoint is not one of this builder's present rows");
    }
    restore(savepoint.marks, savepoint.rowCount);
  }

  /** {@return the cells of a column as of now; valid until a rollback or failed append} */
  public ColumnView column(int index) {
    return node(index);
  }

  /** {@return the natural Java value of a cell, or null if it is null} */
  public @Nullable Object getObject(int column, int row) {
    Objects.checkIndex(row, rowCount);
    return node(column).object(row);
  }

  /**
   * {@return a copy of all rows; this builder stays as it is}
   *
   * @param allocator gives the memory if the rows are too large for the heap
   */
  @MustBeClosed
  public FrozenBatch freeze(BufferAllocator allocator) {
    return FrozenBatch.copyOf(schema, nodes(), rowCount, allocator);
  }

  /**
   * {@return a copy of the rows with these indexes, in this order; this builder stays as it is}
   *
   * @param allocator gives the memory if the rows are too large for the heap
   */
  @MustBeClosed
  public FrozenBatch freeze(BufferAllocator allocator, int[] rows) {
    return copy(rows).freeze(allocator);
  }

  /** {@return a copy of all rows on the heap, however large; closing it is not needed} */
  public FrozenBatch freezeOnHeap() {
    return FrozenBatch.heapCopyOf(schema, nodes(), rowCount);
  }

  /** {@return another builder with the rows with these indexes, in this order} */
  public BatchBuilder copy(int[] rows) {
    BatchBuilder kept = new BatchBuilder(schema);
    kept.reserve(rows.length);
    Column[] sources = nodes();
    int at = 0;
    while (at < rows.length) {
      int run = 1;
      while (at + run < rows.length && rows[at + run] == rows[at] + run) {
        run++;
      }
      Objects.checkFromIndexSize(rows[at], run, rowCount);
      kept.appendFresh(sources, rows[at], run);
      at += run;
    }
    return kept;
  }

  /** Appends rows of columns of the same layouts as this builder's. */
  void append(Column[] sources, int firstRow, int count) {
    save(rowMarks);
    try {
      for (int i = 0; i < columns.length; i++) {
        columns[i].append(sources[i], firstRow, count);
      }
    } catch (RuntimeException e) {
      restore(rowMarks, rowCount);
      throw e;
    }
    rowCount += count;
    Arrays.fill(views, null);
  }

  /** Does the same on a builder that is thrown away if this fails, and was not yet read. */
  void appendFresh(Column[] sources, int firstRow, int count) {
    for (int i = 0; i < columns.length; i++) {
      columns[i].append(sources[i], firstRow, count);
    }
    rowCount += count;
  }

  Column[] nodes() {
    Column[] nodes = new Column[columns.length];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = node(i);
    }
    return nodes;
  }

  private Column node(int index) {
    Column view = views[index];
    if (view == null) {
      view = columns[index].view();
      views[index] = view;
    }
    return view;
  }

  private void save(Marks marks) {
    marks.rewind();
    for (ColumnBuilder column : columns) {
      column.save(marks);
    }
  }

  private void restore(Marks marks, int rows) {
    marks.rewind();
    for (ColumnBuilder column : columns) {
      column.restore(marks);
    }
    rowCount = rows;
    Arrays.fill(views, null);
  }

  private void checkSchema(BatchSchema other) {
    if (other != schema && !other.schema().equals(schema.schema())) {
      throw new IllegalArgumentException("the schema of the batch is " + other + ", not " + schema);
    }
  }

  /** A size of a builder, to return to. */
  public static final class Savepoint {
    private final BatchBuilder owner;
    private final int rowCount;
    private final Marks marks = new Marks();

    private Savepoint(BatchBuilder owner, int rowCount) {
      this.owner = owner;
      this.rowCount = rowCount;
    }
  }
}
