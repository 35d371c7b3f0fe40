package io.khonsu.consensus;

/**
 * Names a snapshot of the state that the decided entries below {@code index} lead to.
 *
 * @param index how many entries it stands for
 * @param base 0 if it is complete; else it is a delta, which leads from the state after {@code
 *     base} entries to the one after {@code index}
 */
public record SnapshotId(long index, long base) {
  /** Checks the ranges. */
  public SnapshotId {
    if (base < 0 || index <= base) {
      throw new IllegalArgumentException(
          "a snapshot's index must be above its base, but they are " + index + " and " + base);
    }
  }

  /** {@return the name of a complete snapshot} */
  public static SnapshotId complete(long index) {
    return new SnapshotId(index, 0);
  }

  /** {@return whether it only leads on from another state} */
  public boolean isDelta() {
    return base > 0;
  }
}
