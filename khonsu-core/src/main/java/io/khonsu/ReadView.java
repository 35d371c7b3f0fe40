package io.khonsu;

import java.util.List;
import java.util.Optional;

/**
 * What can be read in a {@link Transaction} and in a {@link Snapshot}.
 *
 * <p>Every method throws {@link TableDroppedException} if the table was dropped, {@link
 * UnknownTableException} if it is of another store, {@link TransactionClosedException} after the
 * end, {@link ConcurrentUseException} if another thread is inside a method of the same view, and
 * {@link StoreClosedException} if the store was closed.
 */
public sealed interface ReadView permits Transaction, Snapshot {
  /** {@return the version of the last commit that is visible} READ_COMMITTED may see newer ones. */
  long version();

  /**
   * {@return the row of a row table with this key, if it exists}
   *
   * @param key one natural Java value for each column of the primary key
   * @throws NullKeyException if a value is null
   * @throws IllegalArgumentException if the values do not fit the key's columns, or it is a batch
   *     table
   */
  Optional<Row> get(Table table, Object... key);

  /**
   * {@return the rows of a row table with these keys, in the order of the keys; missing ones left
   * out}
   *
   * @param keys for each row a list of one natural Java value for each column of the primary key,
   *     or the value itself if there is but one
   * @throws NullKeyException if a value is null
   * @throws IllegalArgumentException if values do not fit the key's columns, or it is a batch table
   * @throws UnavailableException if the result does not fit the memory limit
   */
  RecordBatch getAll(Table table, List<?> keys);

  /** {@return whether an item exists: a row by its key, or a batch by its name} */
  boolean contains(Table table, Object... key);

  /**
   * {@return the rows of a row table that a scan asks for, in key order}
   *
   * @throws IllegalArgumentException if range, columns or filter do not fit the table
   */
  ScanResult scan(Table table, Scan scan);

  /** {@return the rows of a range of a row table, in key order} */
  default ScanResult scan(Table table, KeyRange range) {
    return scan(table, Scan.of(range));
  }

  /** {@return all rows of a row table, in key order} */
  default ScanResult scan(Table table) {
    return scan(table, Scan.all());
  }

  /**
   * {@return the batch of a batch table with this name, if it exists; valid until the view ends}
   *
   * @throws IllegalArgumentException if it is a row table
   * @throws UnavailableException if the result does not fit the memory limit
   */
  Optional<RecordBatch> read(Table table, String name);

  /**
   * {@return the names of the batches of a batch table, in order}
   *
   * @param range of one string
   * @throws IllegalArgumentException if it is a row table, or the range is not of strings
   */
  List<String> names(Table table, KeyRange range);

  /** {@return the names of all batches of a batch table, in order} */
  default List<String> names(Table table) {
    return names(table, KeyRange.all());
  }
}
