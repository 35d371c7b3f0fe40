package io.khonsu.mvcc;

/**
 * Receives what a scan finds, in key order.
 *
 * @param <V> the type of values
 */
public interface ScanVisitor<V> {
  /** An item: its key and the version that the snapshot sees, not a tombstone. */
  void item(Key key, Version<V> version);

  /**
   * Several items at once, at consecutive indexes of one value.
   *
   * @return false to be given them one by one instead
   */
  default boolean run(V value, int firstIndex, int count) {
    return false;
  }

  /**
   * Tells how many items were looked at since the last call, whether the snapshot sees them or not.
   */
  default void lookedAt(int count) {}

  /** {@return whether a scan in parts should go on} Asked now and then. */
  default boolean wantsMore() {
    return true;
  }
}
