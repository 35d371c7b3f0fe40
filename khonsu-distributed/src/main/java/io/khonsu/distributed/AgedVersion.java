package io.khonsu.distributed;

import java.util.ArrayDeque;

/**
 * The newest version that was there a certain time ago, as a clock that never steps back measures
 * it. Not thread-safe.
 */
final class AgedVersion {
  /** So many versions are remembered; the time is right up to such a part of it. */
  private static final int NOTES = 32;

  private record Note(long nanos, long version) {}

  private final long ageNanos;
  private final ArrayDeque<Note> notes = new ArrayDeque<>();
  private long aged;

  AgedVersion(long ageNanos) {
    this.ageNanos = ageNanos;
  }

  /** Notes which version is the newest now; to be called often. */
  void note(long nanos, long version) {
    while (!notes.isEmpty() && nanos - notes.getFirst().nanos >= ageNanos) {
      aged = notes.removeFirst().version;
    }
    if (notes.isEmpty() || nanos - notes.getLast().nanos >= ageNanos / NOTES) {
      notes.addLast(new Note(nanos, version));
    }
  }

  /** {@return the version, or 0 as long as nothing was noted so long ago} */
  long get() {
    return aged;
  }
}
