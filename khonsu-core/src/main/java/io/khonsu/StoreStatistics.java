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
 * @param compaction how it put small batches together
 */
public record StoreStatistics(
    long commits,
    Map<ConflictType, Long> conflictsByType,
    long otherAborts,
    long rollbacks,
    long retries,
    StoreStatistics.Held held,
    StoreStatistics.Compaction compaction) {
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

  /**
   * What compaction has done. Bytes are those of the rows, on the heap or outside, without the
   * objects around them, which for batches of one row are more.
   *
   * @param batchesWritten large batches that small ones were copied into
   * @param bytesWritten the bytes of these
   * @param rowsMoved rows that are read there now
   * @param batchesFreed batches whose last rows were moved, and that nobody reads any more
   * @param bytesFreed the bytes of these
   * @param failures how often it stopped because memory was short
   */
  public record Compaction(
      long batchesWritten,
      long bytesWritten,
      long rowsMoved,
      long batchesFreed,
      long bytesFreed,
      long failures) {}
}
