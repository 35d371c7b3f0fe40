package io.khonsu.distributed;

import java.util.ArrayDeque;

/**
 * From which entry of the log on the disk has to keep them, as they have the commits after the
 * base. Knows that for stretches of entries, not for each. Event loop only.
 */
final class KeptEntries {
  /** A stretch ends once its entries take so much. */
  private static final long STRETCH_BYTES = 1 << 20;

  private final ArrayDeque<Stretch> stretches = new ArrayDeque<>();
  private long sizeBytes;

  /**
   * Entries in a row.
   *
   * @param lastVersion of their commits; 0 if they have none
   */
  private record Stretch(long firstIndex, long lastVersion, long sizeBytes) {}

  /**
   * Adds an entry, newer than all before.
   *
   * @param lastVersion of its commits; 0 if it has none
   */
  void add(long index, long lastVersion, long entryBytes) {
    Stretch last = stretches.peekLast();
    Stretch next = new Stretch(index, lastVersion, entryBytes);
    if (last != null && last.sizeBytes < STRETCH_BYTES) {
      var _ = stretches.removeLast();
      next =
          new Stretch(
              last.firstIndex,
              Math.max(last.lastVersion, lastVersion),
              last.sizeBytes + entryBytes);
    }
    stretches.add(next);
    sizeBytes += entryBytes;
  }

  /** Lets go of the first ones, as far as they have no commits after a version. */
  void trim(long version) {
    while (!stretches.isEmpty() && stretches.getFirst().lastVersion <= version) {
      sizeBytes -= stretches.removeFirst().sizeBytes;
    }
  }

  /** {@return the first entry to keep; {@code end} if that is none before} */
  long first(long end) {
    return stretches.isEmpty() ? end : stretches.getFirst().firstIndex;
  }

  /** {@return what those take that are kept, as far as they were added since the start} */
  long sizeBytes() {
    return sizeBytes;
  }
}
