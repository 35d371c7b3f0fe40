package io.khonsu;

import io.khonsu.mvcc.ConflictType;
import java.util.List;

/**
 * Where transactions of a store have collided since it was opened, the worst first. Each list keeps
 * the {@value #ENTRIES_MAX} most frequent, in bounded memory: whatever makes up more than one part
 * in {@value #ENTRIES_MAX} of all is there, and a count may be too high by its {@code excess},
 * never too low.
 *
 * @param keys the items that transactions aborted for
 * @param ranges the scanned ranges that they aborted for
 * @param rivals who was aborted by whom, by the names that {@link TransactionOptions#name} gives
 * @param waiting how many transactions wait in {@link Transaction#retry} now
 */
public record Contention(
    List<Contention.HotKey> keys,
    List<Contention.HotRange> ranges,
    List<Contention.Rivals> rivals,
    int waiting) {
  /** The most entries of a list. */
  static final int ENTRIES_MAX = 64;

  /** Copies the lists. */
  public Contention {
    keys = List.copyOf(keys);
    ranges = List.copyOf(ranges);
    rivals = List.copyOf(rivals);
  }

  /**
   * An item that transactions aborted for.
   *
   * @param table the table's name
   * @param key the key, readable
   * @param conflicts how many conflicts there were on it
   * @param excess by how many at most that is too high
   */
  public record HotKey(String table, String key, long conflicts, long excess) {}

  /**
   * A scanned range that transactions aborted for, because another changed something in it.
   *
   * @param table the table's name
   * @param range the range and its filter, readable
   * @param conflicts how many conflicts there were in it
   * @param excess by how many at most that is too high
   */
  public record HotRange(String table, String range, long conflicts, long excess) {}

  /**
   * Transactions of one name that were aborted by those of another.
   *
   * @param loser the name of those that aborted
   * @param winner the name of those that had committed
   * @param type what collided, the first of each abort
   * @param aborts how often
   * @param excess by how many at most that is too high
   */
  public record Rivals(String loser, String winner, ConflictType type, long aborts, long excess) {}
}
