package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What stood at positions of a write set before they were written over, in that order. */
final class Overwrites<V> {
  private final List<Overwrite<V>> overwrites = new ArrayList<>();

  private record Overwrite<V>(
      int position, @Nullable V value, int index, ConflictStrategy strategy) {}

  int count() {
    return overwrites.size();
  }

  void add(int position, Version<V> staged, ConflictStrategy strategy) {
    overwrites.add(new Overwrite<>(position, staged.value(), staged.index(), strategy));
  }

  /** Puts back what stood there when {@code count} overwrites were known. */
  void undo(int count, Version<V>[] staged, ConflictStrategy[] strategies) {
    while (overwrites.size() > count) {
      Overwrite<V> last = overwrites.removeLast();
      staged[last.position].assign(last.value, last.index);
      strategies[last.position] = last.strategy;
    }
  }
}
