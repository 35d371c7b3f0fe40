package io.khonsu;

import java.util.List;
import java.util.Optional;

/**
 * What a merge does to a row, of a store's user: given a name by {@link
 * StoreConfig.Builder#mergeFunction}, used by {@link Merges#custom}.
 *
 * <p>Must be a pure function: the same result for the same arguments, always and everywhere, as it
 * is called as often as is convenient, by any thread, without a transaction. While it runs for a
 * row that others write too, it may keep all other commits waiting: be quick. If it commits to any
 * store, waits for a commit or closes a store, by itself and not by another thread, that fails with
 * an {@link IllegalStateException}.
 */
@FunctionalInterface
public interface MergeFunction {
  /**
   * Merges.
   *
   * @param current the row as it is, empty if there is none
   * @param operands those of {@link Merges#custom}
   * @return the row that takes its place. Columns left out are null, but for those of the primary
   *     key, which stay
   * @throws RuntimeException if they cannot be merged: the transaction fails with {@link
   *     MergeFailedException}
   */
  Row merge(Optional<Row> current, List<Object> operands);
}
