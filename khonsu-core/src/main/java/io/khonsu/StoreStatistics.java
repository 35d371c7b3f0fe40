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
 * @param spilling what of it is on disk only
 */
public record StoreStatistics(
    long commits,
    Map<ConflictType, Long> conflictsByType,
    long otherAborts,
    long rollbacks,
    long retries,
    StoreStatistics.Held held,
    StoreStatistics.Compaction compaction,
    StoreStatistics.Spilling spilling) {
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

  /**
   * Which committed batches are on disk only, and how they got there. Those of up to 4 KiB stay in
   * memory, and are not counted.
   *
   * @param budgetBytes what is kept to, or 0 if nothing can leave memory
   * @param residentBytes what large committed batches take now, on the heap or outside
   * @param coldBatches batches that are on disk only
   * @param coldBytes what these would take
   * @param bytesWritten what was written
   * @param broughtBack how often a batch was read back
   */
  public record Spilling(
      long budgetBytes,
      long residentBytes,
      long coldBatches,
      long coldBytes,
      long bytesWritten,
      long broughtBack) {
    static final Spilling NONE = new Spilling(0, 0, 0, 0, 0, 0);
  }
}
