package io.khonsu.testkit.history;

import io.khonsu.testkit.history.Anomaly.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a history says about one key: the order of its versions and who read which.
 *
 * <p>A version is named by the transaction that wrote it. A transaction that appended several
 * values in a row is listed once for each.
 */
final class Item {

  /**
   * A read of another transaction's version.
   *
   * @param position how many versions are at or before the one that was read
   */
  private record Seen(int reader, int position) {}

  private final long key;
  private final History history;
  private final List<Integer> writers = new ArrayList<>();
  private final Set<Integer> tail = new LinkedHashSet<>();
  private final List<Seen> reads = new ArrayList<>();
  private final List<Integer> unplacedWriters = new ArrayList<>();
  private final List<Seen> unplacedReads = new ArrayList<>();
  private final Map<Long, Set<Integer>> updates = new HashMap<>();
  private boolean versionsAreKnown = true;

  Item(long key, History history) {
    this.key = key;
    this.history = history;
  }

  /** Adds the next version. */
  void version(int writer) {
    writers.add(writer);
  }

  /** Adds a writer whose version comes after all versions, but who knows in which order. */
  void later(int writer) {
    tail.add(writer);
  }

  /** Adds a read of the version at {@code position}, 0 being the absent key. */
  void read(int reader, int position) {
    reads.add(new Seen(reader, position));
  }

  /** Adds a writer whose version may be anywhere, but is not the absent key. */
  void unplaced(int writer) {
    unplacedWriters.add(writer);
    versionsAreKnown = false;
  }

  /** Adds a read of a version whose place in the order is not known. */
  void readUnplaced(int reader, int writer) {
    unplacedReads.add(new Seen(reader, writer));
  }

  /** Adds a transaction that read {@code version}, whatever that names, and then wrote the key. */
  void update(long version, int transaction) {
    updates.computeIfAbsent(version, _ -> new LinkedHashSet<>()).add(transaction);
  }

  /**
   * Checks the versions against those that the store reported, and uses the latter to put the later
   * writers in order.
   */
  void orderByCommit(Anomalies anomalies) {
    for (int i = 1; i < writers.size(); i++) {
      Long before = commitVersion(writers.get(i - 1));
      Long after = commitVersion(writers.get(i));
      if (before != null && after != null && before > after) {
        anomalies.add(
            Kind.COMMIT_ORDER_MISMATCH,
            "on key " + key + " version " + before + " is before version " + after,
            List.of(writers.get(i - 1), writers.get(i)));
        versionsAreKnown = false;
      }
    }
    if (tail.stream().allMatch(writer -> commitVersion(writer) != null)) {
      tail.stream()
          .sorted((a, b) -> Long.compare(knownVersion(a), knownVersion(b)))
          .forEach(writers::add);
      tail.clear();
    }
    versionsAreKnown &= tail.isEmpty();
    versionsAreKnown &= writers.stream().allMatch(writer -> commitVersion(writer) != null);
  }

  void addEdges(DependencyGraph graph) {
    for (int i = 1; i < writers.size(); i++) {
      graph.add(writers.get(i - 1), writers.get(i), DependencyGraph.WW, key);
    }
    if (!writers.isEmpty()) {
      tail.forEach(writer -> graph.add(writers.getLast(), writer, DependencyGraph.WW, key));
    }
    for (Seen seen : reads) {
      if (seen.position > 0) {
        graph.add(writers.get(seen.position - 1), seen.reader, DependencyGraph.WR, key);
      }
      if (seen.position == 0) {
        unplacedWriters.forEach(writer -> graph.add(seen.reader, writer, DependencyGraph.RW, key));
      }
      if (seen.position < writers.size()) {
        graph.add(seen.reader, writers.get(seen.position), DependencyGraph.RW, key);
      } else {
        tail.forEach(writer -> graph.add(seen.reader, writer, DependencyGraph.RW, key));
      }
    }
    unplacedReads.forEach(seen -> graph.add(seen.position, seen.reader, DependencyGraph.WR, key));
  }

  void checkUpdates(Anomalies anomalies) {
    for (Set<Integer> updaters : updates.values()) {
      if (updaters.size() > 1) {
        anomalies.add(
            Kind.LOST_UPDATE,
            "all read one version of key " + key + " and wrote it",
            List.copyOf(updaters));
      }
    }
  }

  /** Checks each read against the newest version in the snapshot that the store reported. */
  void checkSnapshots(Anomalies anomalies) {
    if (!versionsAreKnown) {
      return;
    }
    for (Seen seen : reads) {
      Long snapshot = history.transactions().get(seen.reader).snapshotVersion();
      if (snapshot == null) {
        continue;
      }
      boolean seesTooMuch =
          seen.position > 0 && knownVersion(writers.get(seen.position - 1)) > snapshot;
      boolean seesTooLittle =
          seen.position < writers.size() && knownVersion(writers.get(seen.position)) <= snapshot;
      if (seesTooMuch || seesTooLittle) {
        int other = writers.get(seesTooMuch ? seen.position - 1 : seen.position);
        anomalies.add(
            Kind.SNAPSHOT_NOT_PREFIX,
            "the snapshot at "
                + snapshot
                + (seesTooMuch ? " shows" : " lacks")
                + " version "
                + commitVersion(other)
                + " of key "
                + key,
            List.of(seen.reader, other));
      }
    }
  }

  private @Nullable Long commitVersion(int writer) {
    return history.transactions().get(writer).commitVersion();
  }

  private long knownVersion(int writer) {
    Long version = commitVersion(writer);
    if (version == null) {
      throw new IllegalStateException("transaction " + writer + " has no version");
    }
    return version;
  }
}
