package io.khonsu.testkit.scenario;

import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** Something that a transaction saw or wrote. */
sealed interface Event {

  /**
   * A read or a scan.
   *
   * @param target the item or predicate that was read
   * @param seen the rows found, own writes included
   * @param after how many commits had been acknowledged before
   */
  record Saw(Target target, SortedMap<String, Long> seen, int after) implements Event {}

  /** A write, or, with an empty value, a delete. */
  record Wrote(String key, OptionalLong value) implements Event {}

  /** What a read was about. */
  sealed interface Target {
    /** One item. */
    record Item(String key) implements Target {
      @Override
      public String toString() {
        return "read " + key;
      }
    }

    /** The rows of a predicate. */
    record Rows(ScenarioPredicate predicate) implements Target {
      @Override
      public String toString() {
        return "scan " + predicate;
      }
    }

    /** {@return the rows of {@code state} that this target selects} */
    default SortedMap<String, Long> in(SortedMap<String, Long> state) {
      SortedMap<String, Long> rows = new TreeMap<>();
      switch (this) {
        case Item(String key) -> {
          Long value = state.get(key);
          if (value != null) {
            rows.put(key, value);
          }
        }
        case Rows(ScenarioPredicate predicate) ->
            state.forEach((key, value) -> {
              if (predicate.matches(key, value)) {
                rows.put(key, value);
              }
            });
      }
      return rows;
    }
  }

  /** {@return the last write of each key among {@code events}} */
  static SortedMap<String, OptionalLong> writes(List<Event> events) {
    SortedMap<String, OptionalLong> writes = new TreeMap<>();
    for (Event event : events) {
      if (event instanceof Wrote(String key, OptionalLong value)) {
        writes.put(key, value);
      }
    }
    return writes;
  }

  /** Applies a write or a delete to {@code state}. */
  static void apply(SortedMap<String, Long> state, String key, OptionalLong value) {
    if (value.isPresent()) {
      state.put(key, value.getAsLong());
    } else {
      state.remove(key);
    }
  }
}
