package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;

/** What stood at positions of a write set before they were written over, in that order. */
final class Overwrites<V> {
  private final List<Overwrite<V>> overwrites = new ArrayList<>();

  private record Overwrite<V>(int position, Version<V> staged, ConflictStrategy strategy) {}

  int count() {
    return overwrites.size();
  }

  void add(int position, Version<V> staged, ConflictStrategy strategy) {
    overwrites.add(new Overwrite<>(position, staged, strategy));
  }

  /** Puts back what stood there when {@code count} overwrites were known. */
  void undo(int count, WriteSet<V> writes) {
    while (overwrites.size() > count) {
      Overwrite<V> last = overwrites.removeLast();
      writes.restore(last.position, last.staged, last.strategy);
    }
  }
}
