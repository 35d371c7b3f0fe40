package io.khonsu.testkit.scenario;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** All orders of some steps that keep each transaction's own order. */
final class Interleavings {
  private final List<List<Step>> sequences;
  private final int[] next;
  private final int size;
  private final List<Step> order = new ArrayList<>();
  private final Consumer<List<Step>> visitor;

  private Interleavings(List<List<Step>> sequences, int size, Consumer<List<Step>> visitor) {
    this.sequences = sequences;
    this.next = new int[sequences.size()];
    this.size = size;
    this.visitor = visitor;
  }

  /** Calls {@code visitor} with each order; the list is only valid during the call. */
  static void forEach(List<Step> steps, Consumer<List<Step>> visitor) {
    Map<String, List<Step>> sequences = new LinkedHashMap<>();
    for (Step step : steps) {
      sequences.computeIfAbsent(step.transaction(), _ -> new ArrayList<>()).add(step);
    }
    new Interleavings(List.copyOf(sequences.values()), steps.size(), visitor).extend();
  }

  private void extend() {
    if (order.size() == size) {
      visitor.accept(Collections.unmodifiableList(order));
      return;
    }
    for (int i = 0; i < sequences.size(); i++) {
      if (next[i] < sequences.get(i).size()) {
        order.addLast(sequences.get(i).get(next[i]++));
        extend();
        order.removeLast();
        next[i]--;
      }
    }
  }
}
