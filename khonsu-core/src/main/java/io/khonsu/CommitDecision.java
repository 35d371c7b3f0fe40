package io.khonsu;

import io.khonsu.mvcc.Conflict;
import java.util.List;

/** What became of a transaction that wanted to commit. */
sealed interface CommitDecision {
  /**
   * It committed.
   *
   * @param version the commit version; for one that changed nothing, the newest version that its
   *     reads are valid at
   * @param resolved the conflicts that strategies settled, in the order of the writes
   */
  record Committed(long version, List<Conflict> resolved) implements CommitDecision {
    /** Copies the list. */
    public Committed {
      resolved = List.copyOf(resolved);
    }
  }

  /**
   * It collided with others, and nothing changed.
   *
   * @param conflicts why, at least one
   */
  record Aborted(List<Conflict> conflicts) implements CommitDecision {
    /** Copies the list. */
    public Aborted {
      conflicts = List.copyOf(conflicts);
    }
  }
}
