package io.khonsu.consensus;

import java.util.Arrays;

/** How long the log is on disk: a mark for each write that was asked for and is not yet done. */
final class DurableMarks {
  /** The log's length after each write under way; a ring whose first mark is at {@link #head}. */
  private long[] lengths = new long[8];

  /** The decided index that each of these writes records. */
  private long[] decided = new long[8];

  private int head;
  private int size;
  private long persisted;
  private long durableIndex;
  private long durableDecided;

  DurableMarks(long durableIndex, long durableDecided) {
    this.durableIndex = durableIndex;
    this.durableDecided = durableDecided;
  }

  /** {@return the decided index that is on disk} */
  long durableDecided() {
    return durableDecided;
  }

  /** {@return how many entries of the log are on disk} */
  long durableIndex() {
    return durableIndex;
  }

  /** {@return the number of the last write that is done} */
  long persisted() {
    return persisted;
  }

  /** Notes the next write, after which the log has {@code length} entries. */
  void add(long length, long recordedDecided) {
    if (size == lengths.length) {
      grow();
    }
    int place = place(size++);
    lengths[place] = length;
    decided[place] = recordedDecided;
  }

  private void grow() {
    long[] longer = new long[2 * size];
    long[] longerDecided = new long[2 * size];
    for (int i = 0; i < size; i++) {
      longer[i] = lengths[place(i)];
      longerDecided[i] = decided[place(i)];
    }
    lengths = longer;
    decided = longerDecided;
    head = 0;
  }

  /** What was written at or beyond {@code index} does not count any more. */
  void truncate(long index) {
    durableIndex = Math.min(durableIndex, index);
    for (int i = 0; i < size; i++) {
      lengths[place(i)] = Math.min(lengths[place(i)], index);
    }
  }

  /** All writes up to {@code number} are done. */
  void done(long number) {
    if (number > persisted + size) {
      throw new IllegalArgumentException(
          "write "
              + number
              + " is reported as persisted, but the last one asked for is "
              + (persisted + size));
    }
    while (persisted < number) {
      durableIndex = lengths[head];
      durableDecided = decided[head];
      head = place(1);
      size--;
      persisted++;
    }
  }

  private int place(int position) {
    return (head + position) & (lengths.length - 1);
  }

  @Override
  public String toString() {
    return Arrays.toString(lengths);
  }
}
