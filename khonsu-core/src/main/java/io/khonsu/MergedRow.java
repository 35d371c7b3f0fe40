package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.Key;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row while it is merged: what it was, and the values that take the places of others. What is not
 * changed is copied as it is. Not thread-safe.
 */
final class MergedRow {
  private final Table table;
  private final Key key;

  /** What the row was, borrowed; null for a new one, and for one that is all values. */
  private final @Nullable FrozenBatch base;

  private final int baseRow;
  private final @Nullable Object[] values;
  private final boolean[] changed;
  private boolean exists;

  private MergedRow(
      Table table,
      Key key,
      @Nullable FrozenBatch base,
      int baseRow,
      @Nullable Object @Nullable [] values) {
    this.table = table;
    this.key = key;
    this.base = base;
    this.baseRow = baseRow;
    this.exists = base != null || values != null;
    this.values = values != null ? values : new Object[table.shape().names().size()];
    this.changed = new boolean[this.values.length];
    if (!exists) {
      Object[] keyValues = table.valuesOf(key);
      int[] indexes = table.keyColumnIndexes();
      for (int i = 0; i < indexes.length; i++) {
        this.values[indexes[i]] = keyValues[i];
      }
    }
  }

  /** {@return a row of a batch, or if that is null a new row} */
  static MergedRow over(Table table, Key key, @Nullable FrozenBatch batch, int row) {
    return new MergedRow(table, key, batch, row, null);
  }

  /** {@return a row of values, which are taken over} */
  static MergedRow of(Table table, Key key, @Nullable Object[] values) {
    return new MergedRow(table, key, null, 0, values);
  }

  /**
   * Merges.
   *
   * @throws MergeFailedException if that is not possible
   */
  void apply(StoredMerge operand) {
    for (MergeStep step : operand.steps()) {
      try {
        step.apply(this);
      } catch (RuntimeException | Error e) { // a function may throw anything
        throw failed(step.merge(), e);
      }
      exists = true;
    }
  }

  MergeFailedException failed(Merge merge, Throwable cause) {
    return new MergeFailedException(table.name(), table.describe(key), merge, cause);
  }

  Table table() {
    return table;
  }

  boolean exists() {
    return exists;
  }

  @Nullable Object get(int column) {
    return base == null || changed[column] ? values[column] : base.getObject(column, baseRow);
  }

  void set(int column, @Nullable Object value) {
    values[column] = value;
    changed[column] = true;
  }

  /** Sets all columns but those of the key, which must be as they are or null. */
  void setAll(@Nullable Object[] row) {
    int[] keys = table.keyColumnIndexes();
    @Nullable Object[] keyValues = new Object[keys.length];
    for (int i = 0; i < keys.length; i++) {
      keyValues[i] = row[keys[i]] == null ? get(keys[i]) : row[keys[i]];
    }
    if (!table.key(keyValues).equals(key)) {
      throw new IllegalArgumentException("the result has another key: " + Arrays.asList(keyValues));
    }
    for (int column = 0; column < row.length; column++) {
      int found = column;
      boolean isKey = Arrays.stream(keys).anyMatch(index -> index == found);
      if (!isKey && !Objects.equals(row[column], get(column))) {
        set(column, row[column]);
      }
    }
  }

  @Nullable Object[] toValues() {
    @Nullable Object[] all = new Object[values.length];
    for (int column = 0; column < all.length; column++) {
      all[column] = get(column);
    }
    return all;
  }

  Row toRow() {
    return new Row(table.shape(), toValues());
  }

  /**
   * {@return the row as a batch of its own}
   *
   * @param last what was merged last
   * @throws MergeFailedException if a value does not fit its column
   */
  BatchBuilder toBatch(Merge last, long rowSizeMaxBytes) {
    BatchBuilder one = new BatchBuilder(table.batchSchema());
    try {
      if (base == null) {
        one.appendRow(values);
      } else {
        one.appendChanged(base, baseRow, changed, values);
      }
      if (one.sizeBytes() > rowSizeMaxBytes) {
        throw new LimitExceededException(
            "a row of " + table, one.sizeBytes(), "rowSizeMaxBytes", rowSizeMaxBytes);
      }
      return one;
    } catch (RuntimeException e) {
      throw failed(last, e);
    }
  }
}
