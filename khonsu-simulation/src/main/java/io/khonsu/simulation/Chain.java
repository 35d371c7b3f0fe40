package io.khonsu.simulation;

import java.util.Arrays;

/**
 * A sequence of entries with a digest of every prefix, so that two logs are compared at one index
 * instead of entry by entry. Index {@code i} stands for the first {@code i} entries.
 */
final class Chain {
  private static final long EMPTY = 0x5EED;

  private long[] digests = {EMPTY, 0, 0, 0, 0, 0, 0, 0};
  private long[] entries = new long[8];
  private int length;

  int length() {
    return length;
  }

  /** {@return the digest of the first {@code index} entries} */
  long digest(int index) {
    if (index < 0 || index > length) {
      throw new IndexOutOfBoundsException("index " + index + " of " + length + " entries");
    }
    return digests[index];
  }

  long entry(int index) {
    if (index < 0 || index >= length) {
      throw new IndexOutOfBoundsException("entry " + index + " of " + length);
    }
    return entries[index];
  }

  void append(long entry) {
    if (length + 1 == digests.length) {
      digests = Arrays.copyOf(digests, 2 * digests.length);
      entries = Arrays.copyOf(entries, 2 * entries.length);
    }
    entries[length] = entry;
    digests[length + 1] = TraceHash.mix(digests[length] * 31 + entry);
    length++;
  }

  void truncate(int newLength) {
    if (newLength < 0 || newLength > length) {
      throw new IndexOutOfBoundsException("truncate " + length + " entries to " + newLength);
    }
    length = newLength;
  }

  /** {@return whether one of the two is a prefix of the other} */
  boolean isComparableTo(Chain other) {
    int common = Math.min(length, other.length);
    return digests[common] == other.digests[common];
  }

  /** {@return the first entry in which the two differ, or the length of the shorter} */
  int firstDifference(Chain other) {
    int index = 0;
    while (index < Math.min(length, other.length) && entries[index] == other.entries[index]) {
      index++;
    }
    return index;
  }

  /** Becomes equal to the first {@code newLength} entries of {@code other}. */
  void copyFrom(Chain other, int newLength) {
    length = 0;
    for (int i = 0; i < newLength; i++) {
      append(other.entry(i));
    }
  }
}
