package io.khonsu.mvcc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The meaning of {@link WriteSet#merge}: a deterministic function of what is committed and of the
 * operands that transactions merge into it. Run as often as is convenient, by any thread.
 *
 * <p>A merge is brought about in one of three ways. A {@linkplain #isQuick quick} one is made
 * inside the commit section. One that {@linkplain #weigh cannot fail} is committed as it is, over
 * whatever it finds, and made when someone first asks for the value; so is every merge where
 * commits are published explicitly, but there it is made before that. Any other is made before it
 * is committed, outside the section if possible, so that a failure is its transaction's.
 *
 * @param <V> the type of values
 */
@FunctionalInterface
public interface Merger<V> {
  /** The weight of a merge that may fail, and so has to be made before it is committed. */
  long UNBOUNDED = -1;

  /** The weight below an operand that is merged into a value, or into nothing. */
  long NO_WEIGHT = -1;

  /**
   * Merges operands into a committed state.
   *
   * @param key the item
   * @param committed the state, or null if there is no such item
   * @param operands what is merged into it, oldest first, at least one
   * @return the merged item: a new value, which the buffer owns from here on, and hands to {@link
   *     ValueLifecycle#discarded} should it not be needed; or the value and index of the last
   *     operand
   * @throws RuntimeException if they cannot be merged
   */
  Item<V> merge(Key key, @Nullable Version<V> committed, List<Version<V>> operands);

  /**
   * Says whether a merge can be left for later, as it cannot fail. Called inside the commit
   * section: be quick.
   *
   * @param below what the operand is merged into: the committed state, null if there is no such
   *     item, or the last of operands that are not merged yet either
   * @param weightBelow in that case the weight that this method returned for it, else {@link
   *     #NO_WEIGHT}
   * @return a measure of what has been left for later, not negative; or {@link #UNBOUNDED} if it
   *     has to be merged now
   */
  default long weigh(Key key, Version<V> operand, @Nullable Version<V> below, long weightBelow) {
    return UNBOUNDED;
  }

  /** {@return whether merging takes no longer than some loads, so that all wait for it gladly} */
  default boolean isQuick() {
    return false;
  }

  /** {@return the merger that adds numbers, quickly; absent ones count as nothing} */
  static Merger<Long> adding() {
    return Adding.INSTANCE;
  }

  /**
   * A value and an index into it.
   *
   * @param <V> the type of values
   */
  record Item<V>(V value, int index) {}
}
