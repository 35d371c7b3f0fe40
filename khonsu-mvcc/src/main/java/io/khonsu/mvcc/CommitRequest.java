package io.khonsu.mvcc;

import java.util.Objects;

/**
 * A transaction that wants to commit.
 *
 * @param transactionId its id, unique among the transactions of a buffer
 * @param level what its commit must check
 * @param snapshot what it read at, or for {@link IsolationLevel#READ_COMMITTED} began at; open
 * @param reads what must be unchanged, as far as the level asks
 * @param writes what it changes; taken over by the buffer if the commit is accepted
 * @param <V> the type of values
 */
public record CommitRequest<V>(
    long transactionId,
    IsolationLevel level,
    Snapshot<V> snapshot,
    ReadSet<V> reads,
    WriteSet<V> writes) {
  /** Checks that nothing is missing. */
  public CommitRequest {
    Objects.requireNonNull(level, "level");
    Objects.requireNonNull(snapshot, "snapshot");
    Objects.requireNonNull(reads, "reads");
    Objects.requireNonNull(writes, "writes");
  }
}
