package io.khonsu.benchmarks;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A session whose items are in a map, changed at once: what it cannot roll back, it must lock. */
abstract class MapSession extends Session {
  private final Map<String, Long> map;
  private final KeyNames names;

  MapSession(Map<String, Long> map, KeyNames names) {
    this.map = map;
    this.names = names;
  }

  /** Puts the items there that exist at first. */
  static void fill(Map<String, Long> map, KeyNames names) {
    for (int i = 0; i < names.count(); i++) {
      map.put(names.fresh(i), (long) i);
    }
  }

  @Override
  final @Nullable Long find(int item) {
    return map.get(names.string(item));
  }

  @Override
  final void set(int item, @Nullable Long value) {
    if (value == null) {
      map.remove(names.string(item));
    } else {
      map.put(names.string(item), value);
    }
  }
}
