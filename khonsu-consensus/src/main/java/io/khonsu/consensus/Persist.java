package io.khonsu.consensus;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One atomic write. Its parts apply in the order of the components: the staged snapshot {@code
 * install} becomes the snapshot, entries below {@code trimTo} go, entries from {@code appendAt} on
 * go, {@code append} comes in their place, and {@code metadata} and {@code decidedIndex} replace
 * what was recorded. After a crash either all of it is there or nothing, and nothing of later
 * writes without it.
 *
 * @param number counts the writes of a replica since it started, from 1 without gaps
 * @param durability whether it must be forced to the medium
 * @param install the staged snapshot to install, or null; a delta is merged into the state and
 *     snapshot that this replica has at the delta's base
 * @param trimTo the first index to keep
 * @param appendAt the log's length before appending; what is beyond is overwritten. It may lie
 *     beyond the old length only if {@code install} bridges the gap
 * @param append the entries to append, run by run
 * @param decidedIndex how many entries are known to be decided, never more than the log then has
 * @param metadata the new metadata record, or null if it stays
 */
public record Persist(
    long number,
    Durability durability,
    @Nullable SnapshotId install,
    long trimTo,
    long appendAt,
    List<Entries> append,
    long decidedIndex,
    @Nullable Metadata metadata) {
  /** Checks that nothing is missing. */
  public Persist {
    Objects.requireNonNull(durability, "durability");
    append = List.copyOf(append);
  }
}
