package io.khonsu.mvcc;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a transaction writes: one staged version per item, in the order of the items' first writes.
 * Not thread-safe.
 *
 * @param <V> the type of values
 */
public final class WriteSet<V> {
  private static final int INITIAL = 2;

  /**
   * Up to here a key is found by comparing hashes in a row; beyond, by a hash table of positions.
   */
  private static final int LINEAR_LIMIT = 8;

  private static final int[] NO_POSITIONS = {};

  private Key[] keys = new Key[INITIAL];
  private Version<V>[] staged = newVersions(INITIAL);

  /** The strategy of every write, as long as they have the same. */
  private ConflictStrategy common = ConflictStrategy.FAIL;

  /** One for each write once they differ. */
  private ConflictStrategy @Nullable [] strategies;

  /** By hash, the position of a write plus one; empty while keys are compared one by one. */
  private int[] positions = NO_POSITIONS;

  private int size;

  /** What was written over since the first mark; null if there is none. */
  private @Nullable Overwrites<V> overwrites;

  /** Creates an empty set. */
  public WriteSet() {}

  /**
   * Stages a value for an item, in place of what was staged for it before.
   *
   * @param value the value, or null to give it later by {@link #setValue}
   * @param index the position inside the value, not negative
   * @return the position of the write in this set
   */
  public int put(Key key, @Nullable V value, int index, ConflictStrategy strategy) {
    if (index < 0) {
      throw new IllegalArgumentException("index must not be negative, but is " + index);
    }
    int position = claim(key, strategy, false);
    staged[position].assign(value, index);
    return position;
  }

  /**
   * Stages an operand to be merged into whatever is committed when the transaction is, by the
   * buffer's {@link Merger}; in place of what was staged for the item before. A merge conflicts
   * with nothing, unless the transaction has read the item.
   *
   * @param operand the operand, or null to give it later by {@link #setValue}
   * @param index the position inside the operand, not negative
   * @param strategy with {@link ConflictStrategy#APPEND} it does not conflict below SERIALIZABLE
   *     even if the item was read
   * @return the position of the write in this set
   */
  public int merge(Key key, @Nullable V operand, int index, ConflictStrategy strategy) {
    if (index < 0) {
      throw new IllegalArgumentException("index must not be negative, but is " + index);
    }
    int position = claim(key, strategy, true);
    staged[position].assign(operand, index);
    return position;
  }

  /**
   * Stages the deletion of an item, in place of what was staged for it before.
   *
   * @return the position of the write in this set
   */
  public int delete(Key key, ConflictStrategy strategy) {
    int position = claim(key, strategy, false);
    staged[position].assignTombstone();
    return position;
  }

  /** Makes room for so many more items. */
  public void reserve(int items) {
    int needed = Math.addExact(size, items);
    if (needed > keys.length) {
      keys = Arrays.copyOf(keys, needed);
      staged = Arrays.copyOf(staged, needed);
      strategies = strategies == null ? null : Arrays.copyOf(strategies, needed);
    }
    if (needed > LINEAR_LIMIT && needed * 2L > positions.length) {
      positions = new int[Integer.highestOneBit(needed) * 4];
      for (int position = 0; position < size; position++) {
        index(position);
      }
    }
  }

  /** Gives a write that is no deletion its value. */
  public void setValue(int position, V value, int index) {
    staged[position].assign(value, index);
  }

  /** {@return the number of items written} */
  public int size() {
    return size;
  }

  /** {@return the position of the write to this item, or -1 if there is none} */
  public int find(Key key) {
    if (positions.length == 0) {
      for (int i = 0; i < size; i++) {
        if (keys[i].sameAs(key)) {
          return i;
        }
      }
      return -1;
    }
    int mask = positions.length - 1;
    int at = key.hash & mask;
    while (positions[at] != 0) {
      int position = positions[at] - 1;
      if (keys[position].sameAs(key)) {
        return position;
      }
      at = (at + 1) & mask;
    }
    return -1;
  }

  /** {@return the key of the write at a position} */
  public Key key(int position) {
    return keys[position];
  }

  /** {@return the staged version at a position} */
  public Version<V> version(int position) {
    return staged[position];
  }

  /** {@return whether the write at a position merges} */
  public boolean isMerge(int position) {
    return staged[position] instanceof Delta;
  }

  /** {@return the strategy of the write at a position} */
  public ConflictStrategy strategy(int position) {
    return strategies == null ? common : strategies[position];
  }

  /**
   * {@return the present state, to return to} From here on it is remembered what is overwritten.
   */
  public Mark mark() {
    if (overwrites == null) {
      overwrites = new Overwrites<>();
    }
    return new Mark(size, overwrites.count());
  }

  /**
   * Returns to a state.
   *
   * @param mark one of this set, and not one made after another that it has returned to
   */
  public void rollbackTo(Mark mark) {
    if (overwrites != null) {
      overwrites.undo(mark.overwrites, this);
    }
    while (size > mark.size) {
      removeLast();
    }
  }

  /** Forgets what was written over: nobody will return to a mark. */
  public void forgetMarks() {
    overwrites = null;
  }

  void setKey(int position, Key key) {
    keys[position] = key;
  }

  /** Puts back what stood at a position. */
  void restore(int position, Version<V> version, ConflictStrategy strategy) {
    staged[position] = version;
    setStrategy(position, strategy);
  }

  /** {@return the array that keys stand in, {@link #size} of them} */
  Key[] keys() {
    return keys;
  }

  /** {@return the array that staged versions stand in, {@link #size} of them} */
  Version<V>[] staged() {
    return staged;
  }

  private int claim(Key key, ConflictStrategy strategy, boolean merges) {
    int found = find(key);
    if (found >= 0 && overwrites != null) {
      overwrites.add(found, staged[found], strategy(found));
    }
    int position = found >= 0 ? found : append(key);
    if (found < 0 || overwrites != null || merges || isMerge(position)) {
      staged[position] = merges ? new Delta<>() : new Version<>();
    }
    setStrategy(position, strategy);
    return position;
  }

  private void setStrategy(int position, ConflictStrategy strategy) {
    if (strategies == null) {
      if (size == 1) {
        common = strategy;
      }
      if (strategy == common) {
        return;
      }
      strategies = new ConflictStrategy[keys.length];
      Arrays.fill(strategies, common);
    }
    strategies[position] = strategy;
  }

  private int append(Key key) {
    if (size == keys.length || (size == LINEAR_LIMIT && positions.length == 0)) {
      reserve(Math.max(size, 1));
    }
    int position = size++;
    keys[position] = key;
    if (positions.length > 0) {
      index(position);
    }
    return position;
  }

  /** Positions were indexed in their order, so that no probe leads past the last one's slot. */
  private void removeLast() {
    int position = --size;
    if (positions.length > 0) {
      int mask = positions.length - 1;
      int at = keys[position].hash & mask;
      while (positions[at] != position + 1) {
        at = (at + 1) & mask;
      }
      positions[at] = 0;
    }
    Arrays.fill(keys, position, position + 1, null);
    Arrays.fill(staged, position, position + 1, null);
  }

  private void index(int position) {
    int mask = positions.length - 1;
    int at = keys[position].hash & mask;
    while (positions[at] != 0) {
      at = (at + 1) & mask;
    }
    positions[at] = position + 1;
  }

  /**
   * A state of a set.
   *
   * @param size how many items it had
   * @param overwrites how many overwrites were remembered
   */
  public record Mark(int size, int overwrites) {}

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  private static <V> Version<V>[] newVersions(int length) {
    return new Version[length];
  }
}
