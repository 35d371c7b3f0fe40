package io.khonsu;

import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.ConflictType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A collision of a committing transaction with a committed one, and who won. Immutable. */
public final class TableConflict {
  private final Conflict conflict;
  private final String table;
  private final String key;
  private final @Nullable String range;
  private final String winnerName;
  private final @Nullable String predecessor;

  TableConflict(
      Conflict conflict,
      String table,
      String key,
      @Nullable String range,
      String winnerName,
      @Nullable String predecessor) {
    this.conflict = conflict;
    this.table = table;
    this.key = key;
    this.range = range;
    this.winnerName = winnerName;
    this.predecessor = predecessor;
  }

  /** {@return the table's name} */
  public String table() {
    return table;
  }

  /** {@return the key of the item that the other transaction changed, readable} */
  public String key() {
    return key;
  }

  /**
   * {@return the range and filter that was scanned, readable, if the item lies in one; empty if the
   * item was read or written itself}
   */
  public Optional<String> range() {
    return Optional.ofNullable(range);
  }

  /** {@return whether the item lies in a range that was scanned} */
  public boolean inRange() {
    return range != null;
  }

  /** {@return what collided: what this transaction did, then what the other did} */
  public ConflictType type() {
    return conflict.type();
  }

  /** {@return what was done: {@link ConflictStrategy#FAIL} where the transaction aborted} */
  public ConflictStrategy strategy() {
    return conflict.strategy();
  }

  /** {@return the commit version of the other transaction} */
  public long winnerVersion() {
    return conflict.winnerVersion();
  }

  /** {@return the id of the other transaction} */
  public long winnerTransaction() {
    return conflict.winnerTransaction();
  }

  /**
   * {@return the name of the other transaction, as {@link TransactionOptions#name} gave it}
   * Remembered for the last {@value TransactionNames#REMEMBERED} transactions that have one.
   */
  public String winnerName() {
    return winnerName;
  }

  /**
   * {@return why the transaction could not be ordered before the other one, readable: what it would
   * have to come after, though that may come before the other one no more; empty where {@link
   * StoreConfig#certification} does not try that}
   */
  public Optional<String> predecessor() {
    return Optional.ofNullable(predecessor);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TableConflict that
        && conflict.equals(that.conflict)
        && table.equals(that.table);
  }

  @Override
  public int hashCode() {
    return conflict.hashCode();
  }

  @Override
  public String toString() {
    return "%s on %s%s of %s with transaction %d%s at version %d%s"
        .formatted(
            type(),
            key,
            range == null ? "" : " in a scanned range (" + range + ")",
            table,
            winnerTransaction(),
            winnerName.equals(TransactionOptions.UNNAMED) ? "" : " \"" + winnerName + "\"",
            winnerVersion(),
            predecessor == null ? "" : ", and must come after " + predecessor);
  }
}
