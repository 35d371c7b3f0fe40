package io.khonsu.mvcc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether what transactions read and wrote has a serial order that respects real time:
 * draws an edge for everything that such an order must respect, and looks for a cycle. It knows
 * nothing of certification. Values of items are longs; versions are commit versions.
 */
final class SerialOrderOracle {
  private final List<Done> all = new ArrayList<>();

  /** By item, by version, who wrote what; null deletes. */
  private final Map<Integer, TreeMap<Long, Written>> versions = new TreeMap<>();

  private record Written(Done by, @Nullable Long value) {}

  /** An item read at a version, 0 if it was absent. */
  record ItemRead(int item, long version) {}

  /** A range read: first and last item, excluded, and what filtered it. */
  record RangeRead(int from, int to, LongPredicate predicate) {}

  /**
   * A transaction that committed.
   *
   * @param name for people
   * @param snapshot a version that its ranges are at as it read them
   * @param began a time
   * @param ended a time; who began later comes later
   */
  record Done(
      String name,
      long snapshot,
      List<ItemRead> items,
      List<RangeRead> ranges,
      long began,
      long ended) {}

  /** Adds a transaction. */
  void add(Done done, long commitVersion, Map<Integer, @Nullable Long> writes) {
    all.add(done);
    writes.forEach((item, value) ->
        versions
            .computeIfAbsent(item, _ -> new TreeMap<>())
            .put(commitVersion, new Written(done, value)));
  }

  /** {@return the version of an item that a snapshot sees, 0 if there never was one} */
  long versionAt(int item, long snapshot) {
    Long found = versions.getOrDefault(item, new TreeMap<>()).floorKey(snapshot);
    return found == null ? 0 : found;
  }

  /** {@return what a snapshot sees of an item, or null} */
  @Nullable Long valueAt(int item, long snapshot) {
    TreeMap<Long, Written> chain = versions.getOrDefault(item, new TreeMap<>());
    Map.Entry<Long, Written> found = chain.floorEntry(snapshot);
    return found == null ? null : found.getValue().value;
  }

  /** {@return a cycle, for people, or null if there is a serial order} */
  @Nullable String cycle() {
    List<Set<Integer>> edges = edges();
    int[] incoming = new int[all.size()];
    edges.forEach(targets -> targets.forEach(target -> incoming[target]++));
    Deque<Integer> free = new ArrayDeque<>();
    for (int i = 0; i < incoming.length; i++) {
      if (incoming[i] == 0) {
        free.add(i);
      }
    }
    int placed = 0;
    while (!free.isEmpty()) {
      placed++;
      for (int target : edges.get(free.remove())) {
        if (--incoming[target] == 0) {
          free.add(target);
        }
      }
    }
    return placed == all.size() ? null : describe(edges, incoming);
  }

  private String describe(List<Set<Integer>> edges, int[] incoming) {
    int at = 0;
    while (incoming[at] == 0) {
      at++;
    }
    // Everything left has a predecessor that is left: going back leads into a cycle.
    List<Integer> path = new ArrayList<>();
    while (!path.contains(at)) {
      path.add(at);
      int here = at;
      for (int i = 0; i < incoming.length; i++) {
        if (incoming[i] > 0 && edges.get(i).contains(here)) {
          at = i;
        }
      }
    }
    StringBuilder text = new StringBuilder("no serial order:");
    path.subList(path.indexOf(at), path.size())
        .reversed()
        .forEach(i -> text.append("\n  ").append(all.get(i)));
    return text.toString();
  }

  private List<Set<Integer>> edges() {
    IdentityHashMap<Done, Integer> numbers = new IdentityHashMap<>();
    List<Set<Integer>> edges = new ArrayList<>();
    for (Done done : all) {
      numbers.put(done, numbers.size());
      edges.add(new TreeSet<>());
    }
    Drawing drawing = new Drawing(numbers, edges);
    versions.values().forEach(drawing::overwrites);
    for (Done done : all) {
      done.items.forEach(read -> drawing.read(done, read));
      done.ranges.forEach(range -> drawing.read(done, range));
      for (Done other : all) {
        if (done.ended < other.began) {
          drawing.edge(done, other);
        }
      }
    }
    return edges;
  }

  private final class Drawing {
    private final IdentityHashMap<Done, Integer> numbers;
    private final List<Set<Integer>> edges;

    Drawing(IdentityHashMap<Done, Integer> numbers, List<Set<Integer>> edges) {
      this.numbers = numbers;
      this.edges = edges;
    }

    @SuppressWarnings("ReferenceEquality") // this very transaction
    void edge(Done from, Done to) {
      if (from != to) {
        edges.get(number(from)).add(number(to));
      }
    }

    private int number(Done done) {
      return Invariants.present(numbers.get(done), "a transaction was added");
    }

    void overwrites(SortedMap<Long, Written> chain) {
      Written last = null;
      for (Written next : chain.values()) {
        if (last != null) {
          edge(last.by, next.by);
        }
        last = next;
      }
    }

    void read(Done reader, ItemRead read) {
      TreeMap<Long, Written> chain = versions.get(read.item);
      if (chain == null) {
        return;
      }
      Written seen = chain.get(read.version);
      if (seen != null) {
        edge(seen.by, reader);
      }
      chain.tailMap(read.version, false).values().forEach(later -> edge(reader, later.by));
    }

    void read(Done reader, RangeRead range) {
      versions.forEach((item, chain) -> {
        if (item >= range.from && item < range.to) {
          read(reader, range, chain);
        }
      });
    }

    /** Whoever changes what matches comes before or after, by what was seen. */
    private void read(Done reader, RangeRead range, SortedMap<Long, Written> chain) {
      boolean matched = false;
      for (Map.Entry<Long, Written> entry : chain.entrySet()) {
        Written next = entry.getValue();
        boolean matches = next.value != null && range.predicate.test(next.value);
        if (matched || matches) {
          if (entry.getKey() <= reader.snapshot) {
            edge(next.by, reader);
          } else {
            edge(reader, next.by);
          }
        }
        matched = matches;
      }
    }
  }
}
