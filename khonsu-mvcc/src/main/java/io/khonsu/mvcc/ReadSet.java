package io.khonsu.mvcc;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a transaction read and wants unchanged when it commits: items, absent ones included, and
 * ranges with the predicates that filtered them. Not thread-safe.
 *
 * @param <V> the type of values
 */
public final class ReadSet<V> {
  private static final int INITIAL = 4;
  private static final Key[] NO_KEYS = {};
  private static final Range<?>[] NO_RANGES = {};

  private Key[] items = NO_KEYS;
  private int itemCount;
  private Key[] guards = NO_KEYS;
  private Range<V>[] ranges = noRanges();
  private int rangeCount;

  /** Creates an empty set. */
  public ReadSet() {}

  /** Adds an item, present or not. */
  @SuppressWarnings("ReferenceEquality") // a shortcut for reading one item again and again
  public void addItem(Key key) {
    if (itemCount > 0 && items[itemCount - 1] == key) {
      return;
    }
    if (itemCount == items.length) {
      items = Arrays.copyOf(items, Math.max(INITIAL, itemCount * 2));
    }
    items[itemCount++] = key;
  }

  /** Adds an item that must be unchanged at every level, as what the others depend on. */
  @SuppressWarnings("ReferenceEquality") // a shortcut: guards are few and used again and again
  public void addGuard(Key key) {
    for (Key guard : guards) {
      if (guard == key) {
        return;
      }
    }
    guards = Arrays.copyOf(guards, guards.length + 1);
    guards[guards.length - 1] = key;
  }

  /** Adds every item of an interval that matches {@code predicate}, or all where that is null. */
  public void addRange(KeyInterval interval, @Nullable ItemPredicate<V> predicate) {
    if (rangeCount == ranges.length) {
      ranges = Arrays.copyOf(ranges, Math.max(INITIAL, rangeCount * 2));
    }
    ranges[rangeCount++] = new Range<>(interval, predicate);
  }

  /** {@return whether an item was added, itself or in a range} */
  boolean covers(Key key) {
    for (int i = 0; i < itemCount; i++) {
      if (items[i].equals(key)) {
        return true;
      }
    }
    for (int i = 0; i < rangeCount; i++) {
      if (ranges[i].interval().contains(key)) {
        return true;
      }
    }
    return false;
  }

  /** {@return how many items were added} */
  public int itemCount() {
    return itemCount;
  }

  /** {@return how many ranges were added} */
  public int rangeCount() {
    return rangeCount;
  }

  /** Forgets everything. */
  public void clear() {
    Arrays.fill(items, 0, itemCount, null);
    itemCount = 0;
    Arrays.fill(ranges, 0, rangeCount, null);
    rangeCount = 0;
    guards = NO_KEYS;
  }

  /** {@return the items that must be unchanged at every level; borrowed} */
  public List<Key> guardKeys() {
    return Collections.unmodifiableList(Arrays.asList(guards));
  }

  /** {@return an item by its 0-based position} */
  public Key item(int index) {
    return items[Objects.checkIndex(index, itemCount)];
  }

  /** {@return a range by its 0-based position} */
  public Range<V> range(int index) {
    return ranges[Objects.checkIndex(index, rangeCount)];
  }

  Key[] guards() {
    return guards;
  }

  @SuppressWarnings("unchecked") // it has no element
  private static <V> Range<V>[] noRanges() {
    return (Range<V>[]) NO_RANGES;
  }

  /**
   * An interval and what filtered it.
   *
   * @param interval the keys
   * @param predicate which of their items, or null for all
   * @param <V> the type of values
   */
  public record Range<V>(KeyInterval interval, @Nullable ItemPredicate<V> predicate) {
    /**
     * {@return whether a version of an item in the interval was, or would have been, read} One that
     * cannot be merged counts as such: the failure is not that of who has read the range.
     */
    boolean matches(Key key, @Nullable Version<V> version) {
      if (version == null || version.isTombstone() || predicate == null) {
        return version != null && !version.isTombstone();
      }
      Version<V> state;
      try {
        state = version.settled();
      } catch (RuntimeException _) {
        return true; // who merged will meet it, or whoever asks for the value
      }
      return predicate.test(key, state);
    }
  }
}
