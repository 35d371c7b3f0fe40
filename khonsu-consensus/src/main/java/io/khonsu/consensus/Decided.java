package io.khonsu.consensus;

import java.util.List;

/**
 * Entries that were decided, in the order of the log.
 *
 * @param firstIndex the index of the first
 * @param entries the entries, run by run; a run may be a stop-sign
 */
public record Decided(long firstIndex, List<Entries> entries) {
  /** Takes a copy. */
  public Decided {
    entries = List.copyOf(entries);
  }

  /** {@return the index after the last} */
  public long endIndex() {
    long end = firstIndex;
    for (Entries run : entries) {
      end += run.count();
    }
    return end;
  }
}
