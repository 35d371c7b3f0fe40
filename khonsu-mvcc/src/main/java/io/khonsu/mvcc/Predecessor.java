package io.khonsu.mvcc;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a refused transaction would have to come after in any serial order, and why; only {@link
 * Certification#SSN} asks.
 *
 * @param edge why
 * @param key the item that both transactions use, or null if that is not the reason
 * @param version the version of what comes before
 * @param transactionId the id of the transaction that comes before, or 0 if it has none
 */
public record Predecessor(Edge edge, @Nullable Key key, long version, long transactionId) {
  /** Checks that nothing is missing. */
  public Predecessor {
    Objects.requireNonNull(edge, "edge");
  }

  /** Kinds of edges into a transaction. */
  public enum Edge {
    /** The other transaction has read the item, or a range with it, that this one writes. */
    READ_WRITE,
    /** The other transaction has written the item that this one writes. */
    WRITE_WRITE,
    /** All that was visible when the transaction began, and so ended before it, comes before it. */
    BEGIN,
    /** Somebody may have read, at a snapshot of that version, what this one writes. */
    SNAPSHOT
  }
}
