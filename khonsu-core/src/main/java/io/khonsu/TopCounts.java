package io.khonsu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The most frequent of many things in little memory, after Metwally, Agrawal and El Abbadi,
 * "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005 (Space-Saving):
 * when there is no room for another, it takes the place and the count of the least frequent, which
 * is noted as what it may have too much. So whatever makes up more than the inverse of the capacity
 * of all is there, and no count is too low. Thread-safe.
 */
final class TopCounts<T> {
  private final int capacity;
  private final Map<T, Counter> counters;

  TopCounts(int capacity) {
    this.capacity = capacity;
    this.counters = LinkedHashMap.newLinkedHashMap(capacity);
  }

  /** Something that was counted, with the most that its count is too high. */
  record Counted<T>(T what, long count, long excess) {}

  private static final class Counter {
    private long count;
    private long excess;
  }

  synchronized void add(T what) {
    Counter counter = counters.get(what);
    if (counter == null) {
      counter = new Counter();
      if (counters.size() == capacity) {
        counter.excess = removeLeast();
        counter.count = counter.excess;
      }
      counters.put(what, counter);
    }
    counter.count++;
  }

  private long removeLeast() {
    var entries = counters.entrySet().iterator();
    var least = entries.next();
    while (entries.hasNext()) {
      var entry = entries.next();
      least = entry.getValue().count < least.getValue().count ? entry : least;
    }
    counters.remove(least.getKey());
    return least.getValue().count;
  }

  /** {@return what is counted, the most frequent first} */
  synchronized List<Counted<T>> top() {
    List<Counted<T>> found = new ArrayList<>(counters.size());
    counters.forEach(
        (what, counter) -> found.add(new Counted<>(what, counter.count, counter.excess)));
    found.sort(Comparator.comparingLong((Counted<T> counted) -> counted.count).reversed());
    return found;
  }
}
