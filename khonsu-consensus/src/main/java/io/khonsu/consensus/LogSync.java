package io.khonsu.consensus;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How to make another's log equal to one's own: keep the first {@code syncIndex} entries, or take
 * the snapshot that stands for them, then have exactly the entries up to {@code endIndex}.
 *
 * @param snapshot the snapshot of the first {@code syncIndex} entries, to be fetched from the
 *     sender; null if the receiver has them
 * @param syncIndex where {@code entries} begin
 * @param entries the first page of entries; the receiver fetches the rest
 * @param endIndex the length of the whole log
 */
public record LogSync(
    @Nullable SnapshotId snapshot, long syncIndex, List<Entries> entries, long endIndex) {
  /** Checks the order of indices. */
  public LogSync {
    entries = List.copyOf(Objects.requireNonNull(entries, "entries"));
    long pageEnd = syncIndex;
    for (Entries run : entries) {
      pageEnd += run.count();
    }
    if (syncIndex < 0
        || pageEnd < syncIndex // an overflow
        || pageEnd > endIndex
        || (snapshot != null && snapshot.index() != syncIndex)) {
      throw new IllegalArgumentException(
          "a synchronization from " + syncIndex + " to " + endIndex + " has a page to " + pageEnd);
    }
  }

  /** {@return the index after the last entry of the page} */
  long pageEnd() {
    long end = syncIndex;
    for (Entries run : entries) {
      end += run.count();
    }
    return end;
  }

  /** {@return whether nothing needs to be fetched} */
  boolean isComplete() {
    return snapshot == null && pageEnd() == endIndex;
  }
}
