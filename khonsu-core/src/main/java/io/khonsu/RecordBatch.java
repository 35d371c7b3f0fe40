package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * An immutable batch of rows, as Arrow vectors.
 *
 * <p>What a transaction or snapshot returns belongs to it and is valid until it ends; {@link
 * #retain} keeps it longer. Reading is thread-safe; nobody may change the vectors.
 */
public final class RecordBatch implements AutoCloseable {
  private final VectorSchemaRoot root;
  private final Memory memory;
  private final AtomicInteger references;
  private boolean closed;

  private RecordBatch(VectorSchemaRoot root, Memory memory, AtomicInteger references) {
    this.root = root;
    this.memory = memory;
    this.references = references;
  }

  /** Takes over vectors. */
  static RecordBatch consume(VectorSchemaRoot root, Memory memory) {
    return new RecordBatch(root, memory, new AtomicInteger(1));
  }

  /**
   * {@return the columns}
   *
   * @throws IllegalStateException if it was closed
   */
  public Schema schema() {
    return root().getSchema();
  }

  /**
   * {@return the number of rows}
   *
   * @throws IllegalStateException if it was closed
   */
  public int rowCount() {
    return root().getRowCount();
  }

  /**
   * {@return the cells of a column; borrowed, valid until this batch is closed}
   *
   * @throws IllegalArgumentException if there is no such column
   * @throws IllegalStateException if this batch was closed
   */
  public FieldVector vector(String column) {
    FieldVector vector = root().getVector(column);
    if (vector == null) {
      throw new IllegalArgumentException("there is no column \"" + column + "\" in " + schema());
    }
    return vector;
  }

  /**
   * {@return all columns; borrowed, valid until this batch is closed}
   *
   * @throws IllegalStateException if it was closed
   */
  public synchronized VectorSchemaRoot root() {
    if (closed) {
      throw new IllegalStateException(
          "the batch is closed: retain() it to keep it after its transaction has ended");
    }
    return root;
  }

  /**
   * {@return this batch again, for the caller to close, independent of any transaction}
   *
   * @throws IllegalStateException if it was closed
   */
  @MustBeClosed
  public synchronized RecordBatch retain() {
    VectorSchemaRoot shared = root();
    references.incrementAndGet();
    return new RecordBatch(shared, memory, references);
  }

  /** Releases this batch. Closing twice does nothing. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (references.decrementAndGet() == 0) {
        root.close();
        memory.batchReleased();
      }
    }
  }

  @Override
  public String toString() {
    return closed ? "RecordBatch[closed]" : "RecordBatch[%d rows]".formatted(rowCount());
  }
}
