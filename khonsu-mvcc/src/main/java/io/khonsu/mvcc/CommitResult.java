package io.khonsu.mvcc;

import java.util.List;

/**
 * The answer to a {@link CommitRequest}.
 *
 * @param <V> the type of values
 */
public sealed interface CommitResult<V> {
  /**
   * The request was certified and its writes installed.
   *
   * @param record what was committed; for a request that changed nothing, the newest published
   *     commit that its reads were valid at
   * @param resolved the conflicts that strategies settled, in the order of the writes
   */
  record Accepted<V>(CommitRecord<V> record, List<Conflict> resolved) implements CommitResult<V> {
    /** Copies the list. */
    public Accepted {
      resolved = List.copyOf(resolved);
    }
  }

  /**
   * The request was refused, and nothing changed: run the transaction again on a new snapshot.
   *
   * @param conflicts why, at least one
   */
  record Aborted<V>(List<Conflict> conflicts) implements CommitResult<V> {
    /** Copies the list. */
    public Aborted {
      conflicts = List.copyOf(conflicts);
    }
  }

  /**
   * A strategy would have to settle a conflict with a commit that is not published yet, and may
   * still be withdrawn. Nothing changed: commit again after that.
   *
   * @param pending the unpublished commit's version
   */
  record Blocked<V>(long pending) implements CommitResult<V> {}
}
