package io.khonsu.distributed;

import java.util.ArrayDeque;

/**
 * From which entry of the log on the disk has to keep them, as they have the commits after the
 * base. Knows that for stretches of entries, not for each. Event loop only.
 */
final class KeptEntries {
  /** A checkpoint stands for about so many stretches. */
  private static final int STRETCHES = 8;

  private final long stretchBytes;
  private final ArrayDeque<Stretch> stretches = new ArrayDeque<>();
  private long sizeBytes;

  KeptEntries(long checkpointBytes) {
    this.stretchBytes = checkpointBytes / STRETCHES;
  }

  /**
   * Entries in a row.
   *
   * @param lastVersion of the commits in them; 0 if there are none
   */
  private record Stretch(long firstIndex, long lastVersion, long sizeBytes) {}

  /**
   * Adds an entry, newer than all before.
   *
   * @param lastVersion of the commits in it; 0 if there are none
   */
  void add(long index, long lastVersion, long entryBytes) {
    Stretch last = stretches.peekLast();
    Stretch next = new Stretch(index, lastVersion, entryBytes);
    if (last != null && last.sizeBytes < stretchBytes) {
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

  /** Says what all of them take; those between the ones that were added have been left out. */
  void total(long totalBytes) {
    if (!stretches.isEmpty() && totalBytes > sizeBytes) {
      Stretch last = stretches.removeLast();
      long others = totalBytes - sizeBytes;
      stretches.add(new Stretch(last.firstIndex, last.lastVersion, last.sizeBytes + others));
      sizeBytes = totalBytes;
    }
  }

  /** {@return the first entry to keep; {@code end} if that is none before} */
  long first(long end) {
    return stretches.isEmpty() ? end : stretches.getFirst().firstIndex;
  }

  /** {@return what those take that are kept} */
  long sizeBytes() {
    return sizeBytes;
  }
}
