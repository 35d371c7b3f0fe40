package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One collision of a committing transaction with a committed one.
 *
 * @param key the item that the other transaction changed
 * @param range the range read that contains the item, or null if the item itself was read or
 *     written
 * @param type what collided
 * @param strategy what was done about it: {@link ConflictStrategy#FAIL} if the transaction aborted
 * @param winnerVersion the commit version of the other transaction
 * @param winnerTransaction the id of the other transaction
 * @param predecessor why the transaction could not come before the other one, where {@link
 *     Certification#SSN} tried that; null elsewhere
 */
public record Conflict(
    Key key,
    @Nullable KeyInterval range,
    ConflictType type,
    ConflictStrategy strategy,
    long winnerVersion,
    long winnerTransaction,
    @Nullable Predecessor predecessor) {
  /** Checks that nothing is missing. */
  public Conflict {
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(strategy, "strategy");
  }

  /** {@return this conflict with what its transaction would have to come after} */
  Conflict after(Predecessor other) {
    return new Conflict(key, range, type, strategy, winnerVersion, winnerTransaction, other);
  }

  /** {@return {@code list} with one more; an empty list may be immutable, as most stay empty} */
  static List<Conflict> plus(List<Conflict> list, Conflict conflict) {
    List<Conflict> longer = list.isEmpty() ? new ArrayList<>() : list;
    longer.add(conflict);
    return longer;
  }

  /** {@return whether this conflict makes its transaction abort} */
  public boolean isFatal() {
    return strategy == ConflictStrategy.FAIL;
  }
}
