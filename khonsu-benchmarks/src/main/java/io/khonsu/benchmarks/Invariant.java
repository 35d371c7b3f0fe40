package io.khonsu.benchmarks;

import org.jspecify.annotations.Nullable;

/** What must hold of a contender's items after a load. */
final class Invariant {
  private Invariant() {}

  /**
   * {@return what does not hold, or nothing}
   *
   * @param changed by how much the transactions committed since the contender was made have changed
   *     the sum of all items
   */
  static String broken(Load load, Contender contender, KeyNames names, long changed) {
    return switch (load.check()) {
      case PRESENT -> missing(contender, names);
      case TOTAL -> lostUpdates(contender, names, changed);
      case PAIRS -> tornPair(contender, names);
      case LABELS -> mixedUp(contender, names);
    };
  }

  private static String missing(Contender contender, KeyNames names) {
    for (int i = 0; i < names.count(); i++) {
      if (contender.valueOf(i) == null) {
        return "item " + i + " is missing";
      }
    }
    return "";
  }

  private static String lostUpdates(Contender contender, KeyNames names, long changed) {
    long sum = 0;
    long expected = changed;
    for (int i = 0; i < names.count(); i++) {
      sum += Contender.required(contender.valueOf(i));
      expected += i;
    }
    return sum == expected ? "" : "all items make " + sum + " instead of " + expected;
  }

  private static String tornPair(Contender contender, KeyNames names) {
    for (int i = 0; i < names.count(); i += 2) {
      long first = Contender.required(contender.valueOf(i));
      long second = Contender.required(contender.valueOf(i + 1));
      boolean untouched = first == i && second == i + 1;
      if (!untouched && first != second) {
        return "items " + i + " and " + (i + 1) + " were written together, and differ";
      }
    }
    return "";
  }

  private static String mixedUp(Contender contender, KeyNames names) {
    for (int i = 0; i < names.countWithSpare(); i++) {
      @Nullable Long value = contender.valueOf(i);
      if (value == null ? i < names.count() : !Shape.isLabelled(value, i)) {
        return "item " + i + " has the value " + value;
      }
    }
    return "";
  }
}
