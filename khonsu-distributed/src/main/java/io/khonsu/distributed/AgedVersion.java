package io.khonsu.distributed;

import java.util.ArrayDeque;

/**
 * The newest version that was there when something that only grows, such as the time of a clock
 * that never steps back, was less than now by an age. Not thread-safe.
 */
final class AgedVersion {
  /** So many versions are remembered; the age is right up to such a part of it. */
  private static final int NOTES = 32;

  private record Note(long at, long version) {}

  private final long age;
  private final ArrayDeque<Note> notes = new ArrayDeque<>();
  private long aged;

  AgedVersion(long age) {
    this.age = age;
  }

  /** Notes which version is the newest now; to be called often. */
  void note(long now, long version) {
    while (!notes.isEmpty() && now - notes.getFirst().at >= age) {
      aged = notes.removeFirst().version;
    }
    if (notes.isEmpty() || now - notes.getLast().at >= Math.max(1, age / NOTES)) {
      notes.addLast(new Note(now, version));
    }
  }

  /** {@return the version, or 0 as long as nothing was noted that is as old} */
  long get() {
    return aged;
  }
}
