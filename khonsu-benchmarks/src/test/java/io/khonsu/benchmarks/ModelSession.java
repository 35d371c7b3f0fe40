package io.khonsu.benchmarks;

import java.util.NavigableMap;
import java.util.TreeMap;

/** Items in a sorted map, for one thread. */
final class ModelSession extends MapSession {
  private final NavigableMap<String, Long> map;
  private final KeyNames names;

  private ModelSession(NavigableMap<String, Long> map, KeyNames names) {
    super(map, names);
    this.map = map;
    this.names = names;
  }

  static ModelSession of(KeyNames names) {
    NavigableMap<String, Long> map = new TreeMap<>();
    fill(map, names);
    return new ModelSession(map, names);
  }

  @Override
  long transact(Task task) {
    return task.run(this);
  }

  @Override
  long sum(int from, int rows) {
    return map.tailMap(names.string(from)).values().stream()
        .limit(rows)
        .mapToLong(Long::longValue)
        .sum();
  }
}
