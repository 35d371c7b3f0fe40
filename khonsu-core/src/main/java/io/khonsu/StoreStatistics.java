package io.khonsu;

import io.khonsu.mvcc.ConflictType;
import java.util.Map;

/**
 * What a store has done and holds.
 *
 * @param commits transactions committed, those that changed nothing included
 * @param conflictsByType transactions aborted because they collided with others, by the first
 *     conflict of each; every type is there
 * @param otherAborts transactions aborted because of the storage, a limit or a dropped table
 * @param rollbacks transactions rolled back by their users
 * @param retries how often {@link Khonsu#transact} ran a transaction again
 * @param held what it holds now
 */
public record StoreStatistics(
    long commits,
    Map<ConflictType, Long> conflictsByType,
    long otherAborts,
    long rollbacks,
    long retries,
    StoreStatistics.Held held) {
  /** Copies the map. */
  public StoreStatistics {
    conflictsByType = Map.copyOf(conflictsByType);
  }

  /** {@return how many transactions were aborted because they collided with others} */
  public long conflicts() {
    return conflictsByType.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * What a store holds.
   *
   * @param items rows, batches and tables, with those whose deletion someone may still ask about
   * @param versions versions of them
   * @param openViews transactions and snapshots that are open
   * @param commitRecords commits that an open transaction may collide with
   * @param memoryBytes memory outside the heap that batches take
   */
  public record Held(
      long items, long versions, int openViews, long commitRecords, long memoryBytes) {}
}
