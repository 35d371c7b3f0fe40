package io.khonsu.mvcc;

/**
 * What becomes of values, told to whoever owns their memory.
 *
 * <p>Implementations do not throw. Should {@link #superseded} do so, the commit has not happened;
 * what the others throw reaches the caller of an operation that is complete.
 *
 * @param <V> the type of values
 */
public interface ValueLifecycle<V> {
  /**
   * A newer version takes the place of this one, or its twin at another place does. Called inside
   * the commit section, before the other one can be seen: be quick.
   */
  void superseded(V value, int index);

  /**
   * {@link #superseded} is taken back: the newer version was withdrawn. Inside the commit section.
   */
  void reinstated(V value, int index);

  /**
   * {@return whether none of the given indexes has been superseded} Any thread, and also after all
   * of the value's versions were retired.
   */
  boolean isIntact(V value, int firstIndex, int count);

  /** No snapshot can see this version any more. Called once per version, outside the section. */
  void retired(V value, int index);

  /**
   * As {@link #retired}, and called instead of it, for a version that {@link TxnBuffer#relocate}
   * gave another place, when no snapshot reads it at the old one any more.
   */
  default void vacated(V value, int index) {
    retired(value, index);
  }

  /**
   * {@return about how many bytes are kept for this version} Inside the commit section, or by who
   * prefetches it: any thread, and maybe after it was retired. It looks at what a commit looks at.
   */
  default long sizeBytes(V value, int index) {
    return 0;
  }

  /** A value that {@link Merger} made was not used. */
  void discarded(V value);

  /** {@return a lifecycle for values that nobody needs to know about} */
  @SuppressWarnings("unchecked") // it never touches a value
  static <V> ValueLifecycle<V> none() {
    return (ValueLifecycle<V>) Unowned.INSTANCE;
  }
}
