package io.khonsu;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.ConflictType;

/**
 * A collision of a committing transaction with a committed one.
 *
 * @param table the table's name
 * @param key the key of the item that the other transaction changed, readable
 * @param type what collided
 * @param strategy what was done: {@link ConflictStrategy#FAIL} where the transaction aborted
 * @param inRange whether the item lies in a range that was scanned, rather than being read or
 *     written itself
 * @param winnerVersion the commit version of the other transaction
 * @param winnerTransaction the id of the other transaction
 */
public record TableConflict(
    String table,
    String key,
    ConflictType type,
    ConflictStrategy strategy,
    boolean inRange,
    long winnerVersion,
    long winnerTransaction) {
  @Override
  public String toString() {
    return "%s on %s%s of %s with transaction %d at version %d"
        .formatted(
            type,
            key,
            inRange ? " in a scanned range" : "",
            table,
            winnerTransaction,
            winnerVersion);
  }
}
