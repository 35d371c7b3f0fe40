package io.khonsu;

import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.filter.CompiledFilter;
import io.khonsu.mvcc.ItemPredicate;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.Version;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A row filter as the predicate of a scan, which a commit evaluates again on other versions.
 * Evaluated by one thread at a time.
 */
final class RowPredicate implements ItemPredicate<StoredValue> {
  private static final ColumnView[] NONE = {};

  private final RowFilter source;
  private final CompiledFilter filter;
  private @Nullable FrozenBatch lastBatch;
  private ColumnView[] lastColumns = NONE;

  /**
   * Compiles a filter.
   *
   * @throws IllegalArgumentException if it does not fit the columns
   */
  RowPredicate(RowFilter source, Schema schema) {
    this.source = source;
    this.filter = CompiledFilter.compile(source, schema);
  }

  /** {@return what it was compiled from} */
  RowFilter source() {
    return source;
  }

  @Override
  public boolean test(Key key, Version<StoredValue> version) {
    try (FrozenBatch batch = Reading.storedOf(version).pin()) {
      return test(batch, version.index());
    } finally {
      forget();
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same batch, not an equal one
  boolean test(FrozenBatch batch, int row) {
    if (batch != lastBatch) {
      lastColumns = batch.columns();
      lastBatch = batch;
    }
    return filter.test(lastColumns, row);
  }

  /** Lets go of the batch that was tested last. */
  void forget() {
    lastBatch = null;
    lastColumns = NONE;
  }
}
