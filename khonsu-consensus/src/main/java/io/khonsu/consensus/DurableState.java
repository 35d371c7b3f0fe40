package io.khonsu.consensus;

import java.util.List;
import java.util.Objects;

/**
 * What a replica's storage holds: the sum of its {@link Persist writes}.
 *
 * @param metadata the metadata record
 * @param decidedIndex how many entries were known to be decided
 * @param compactedIndex the index of the first entry kept
 * @param snapshotIndex the index of the snapshot kept, or 0 if there is none
 * @param entries the entries from {@code compactedIndex} on, run by run
 */
public record DurableState(
    Metadata metadata,
    long decidedIndex,
    long compactedIndex,
    long snapshotIndex,
    List<Entries> entries) {
  /**
   * Checks that the parts fit together.
   *
   * @throws IllegalArgumentException if they do not: the storage is damaged and must not be used
   */
  public DurableState {
    Objects.requireNonNull(metadata, "metadata");
    entries = List.copyOf(entries);
    long end = compactedIndex;
    for (Entries run : entries) {
      end += run.count();
    }
    if (compactedIndex < 0 || compactedIndex > decidedIndex || decidedIndex > end) {
      throw new IllegalArgumentException(
          "stored indices must rise from compacted to decided to accepted, but are "
              + compactedIndex
              + ", "
              + decidedIndex
              + ", "
              + end);
    }
    if (snapshotIndex < 0 || snapshotIndex > decidedIndex) {
      throw new IllegalArgumentException(
          "the stored snapshot stands for " + snapshotIndex + " entries of " + decidedIndex);
    }
    if (metadata.acceptedRound().isAbove(metadata.promise())) {
      throw new IllegalArgumentException(
          "accepted in " + metadata.acceptedRound() + " but promised only " + metadata.promise());
    }
    if (metadata.configurationStart() > end) {
      throw new IllegalArgumentException(
          "the configuration begins at "
              + metadata.configurationStart()
              + " but the log ends at "
              + end);
    }
  }

  /** {@return how many entries there are, those compacted included} */
  public long acceptedIndex() {
    long end = compactedIndex;
    for (Entries run : entries) {
      end += run.count();
    }
    return end;
  }
}
