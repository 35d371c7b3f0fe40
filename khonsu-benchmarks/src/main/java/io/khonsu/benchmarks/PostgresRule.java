package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Serializable snapshot isolation as PostgreSQL has it, after Ports and Grittner, "Serializable
 * Snapshot Isolation in PostgreSQL" (VLDB 2012): snapshots, the first committer of an item wins,
 * and of two adjacent rw-conflicts between concurrent transactions, T1 to T2 to T3 with T3
 * committing first, one is broken, by aborting T2 if that is possible. A model: locks are those of
 * single items and never merged into coarser ones, and writers do not wait for each other.
 */
final class PostgresRule implements AbortRule {
  private static final long ACTIVE = Long.MAX_VALUE;

  private final Map<Integer, List<Run>> readers = new HashMap<>();
  private final Map<Integer, List<Run>> writers = new HashMap<>();

  /** By snapshot, how many are active there. */
  private final TreeMap<Long, Integer> active = new TreeMap<>();

  private long lastCommit;

  @Override
  public Attempt begin(AbortLoad.Program program) {
    active.merge(lastCommit, 1, Integer::sum);
    return new Run(lastCommit, program.isReader());
  }

  /** {@return those of an item who are, or were, concurrent to someone active} */
  private List<Run> users(Map<Integer, List<Run>> byItem, int item) {
    List<Run> users = byItem.computeIfAbsent(item, _ -> new ArrayList<>());
    long oldest = active.firstKey();
    users.removeIf(user -> user.hasAborted || user.committed <= oldest);
    return users;
  }

  /** One run of a transaction, remembered as long as others are concurrent to it. */
  private final class Run implements Attempt {
    private final long snapshot;
    private final boolean isReadOnly;
    private final Set<Integer> written = new LinkedHashSet<>();

    /** Who read what this one wrote. */
    private final Set<Run> in = new LinkedHashSet<>();

    /** Who wrote what this one read. */
    private final Set<Run> out = new LinkedHashSet<>();

    private long committed = ACTIVE;
    private boolean hasAborted;

    /** To abort at its next step. */
    private boolean isDoomed;

    /** At its commit, somebody it conflicts out to had committed. */
    private boolean hadConflictOut;

    private Run(long snapshot, boolean isReadOnly) {
      this.snapshot = snapshot;
      this.isReadOnly = isReadOnly;
    }

    private boolean hasCommitted() {
      return committed != ACTIVE;
    }

    private boolean isConcurrentTo(Run other) {
      return other != this && committed > other.snapshot && other.committed > snapshot;
    }

    @Override
    public boolean isAborted() {
      return hasAborted;
    }

    @Override
    public void read(int item) {
      users(readers, item).add(this);
      for (Run writer : List.copyOf(users(writers, item))) {
        if (!hasAborted && isConcurrentTo(writer)) {
          conflict(this, writer, this);
        }
      }
      abortIfDoomed();
    }

    @Override
    public void write(int item) {
      written.add(item);
      users(writers, item).add(this);
      for (Run reader : List.copyOf(users(readers, item))) {
        if (!hasAborted && isConcurrentTo(reader)) {
          conflict(reader, this, this);
        }
      }
      abortIfDoomed();
    }

    @Override
    public boolean commit() {
      abortIfDoomed();
      if (!hasAborted && isOverwritten()) {
        abort();
      }
      if (hasAborted) {
        return false;
      }
      in.stream().filter(pivot -> !pivot.hasCommitted()).forEach(this::doomIfDangerous);
      hadConflictOut = out.stream().anyMatch(Run::hasCommitted);
      committed = ++lastCommit;
      leave();
      return true;
    }

    /** {@return whether another has committed an item that this one writes} */
    private boolean isOverwritten() {
      return written.stream()
          .flatMap(item -> users(writers, item).stream())
          .anyMatch(other -> other.hasCommitted() && isConcurrentTo(other));
    }

    /** The commit of this one, the first of three, would make a pivot dangerous. */
    private void doomIfDangerous(Run pivot) {
      boolean isDangerous =
          pivot.in.stream()
              .anyMatch(
                  far -> far == this || (!far.hasCommitted() && !far.isReadOnly && !far.isDoomed));
      pivot.isDoomed |= isDangerous;
    }

    private void abortIfDoomed() {
      if (isDoomed && !hasAborted) {
        abort();
      }
    }

    private void abort() {
      hasAborted = true;
      in.forEach(reader -> reader.out.remove(this));
      out.forEach(writer -> writer.in.remove(this));
      leave();
    }

    private void leave() {
      active.compute(snapshot, (_, count) -> count == null || count == 1 ? null : count - 1);
    }
  }

  /** Notes that one read what another wrote, and breaks what has become dangerous by it. */
  private static void conflict(Run reader, Run writer, Run current) {
    reader.out.add(writer);
    writer.in.add(reader);
    boolean isDangerous =
        writer.hasCommitted()
            ? writer.hadConflictOut || isDangerousReader(reader, writer)
            : isDangerousWriter(reader, writer);
    if (isDangerous) {
      if (current == writer || writer.hasCommitted()) {
        current.abort();
      } else {
        writer.isDoomed = true;
      }
    }
  }

  /** {@return whether the writer is a pivot: reader to writer to one that committed first} */
  private static boolean isDangerousWriter(Run reader, Run writer) {
    return writer.out.stream()
        .anyMatch(last ->
            last.hasCommitted()
                && (!reader.hasCommitted() || last.committed <= reader.committed)
                && (!reader.isReadOnly || last.committed <= reader.snapshot));
  }

  /** {@return whether the reader is a pivot: one to reader to the writer, which committed first} */
  private static boolean isDangerousReader(Run reader, Run writer) {
    return !reader.isReadOnly
        && reader.in.stream()
            .anyMatch(first ->
                !first.isDoomed
                    && (!first.hasCommitted() || first.committed >= writer.committed)
                    && (!first.isReadOnly || first.snapshot >= writer.committed));
  }
}
