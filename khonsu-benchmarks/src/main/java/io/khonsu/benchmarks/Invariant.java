package io.khonsu.benchmarks;

/** What must hold of a contender's items after a load. */
final class Invariant {
  private Invariant() {}

  /**
   * {@return what does not hold, or nothing}
   *
   * @param commits how many transactions were committed since the contender was made
   */
  static String broken(Load load, Contender contender, int keys, long commits) {
    return switch (load.operation()) {
      case INCREMENT -> lostUpdates(contender, commits);
      case WRITE_PAIR -> tornPair(contender, keys);
      case READ -> changed(contender, keys);
      case READ_WRITE -> missing(contender, keys);
    };
  }

  private static String lostUpdates(Contender contender, long commits) {
    long value = contender.valueOf(0);
    return value == commits ? "" : commits + " increments committed, but the value is " + value;
  }

  private static String tornPair(Contender contender, int keys) {
    for (int i = 0; i < keys; i += 2) {
      boolean untouched = contender.valueOf(i) == i && contender.valueOf(i + 1) == i + 1;
      if (!untouched && contender.valueOf(i) != contender.valueOf(i + 1)) {
        return "items " + i + " and " + (i + 1) + " were written together, and differ";
      }
    }
    return "";
  }

  private static String changed(Contender contender, int keys) {
    for (int i = 0; i < keys; i++) {
      if (contender.valueOf(i) != i) {
        return "item " + i + " was only read, and has changed to " + contender.valueOf(i);
      }
    }
    return "";
  }

  /** Looking up a missing item throws. */
  private static String missing(Contender contender, int keys) {
    long sum = 0;
    for (int i = 0; i < keys; i++) {
      sum |= contender.valueOf(i);
    }
    return sum == 0 ? "all items are zero" : "";
  }
}
