package io.khonsu.consensus;

import java.util.ArrayList;
import java.util.List;

/** Lists of runs. */
final class Runs {
  private Runs() {}

  static long count(List<Entries> runs) {
    long count = 0;
    for (Entries run : runs) {
      count += run.count();
    }
    return count;
  }

  /** {@return {@code runs} without their first {@code count} entries} */
  static List<Entries> skip(List<Entries> runs, long count) {
    List<Entries> rest = new ArrayList<>();
    long left = count;
    for (Entries run : runs) {
      if (left >= run.count()) {
        left -= run.count();
      } else {
        rest.add(run.slice((int) left, run.count()));
        left = 0;
      }
    }
    return rest;
  }

  static List<Entries> concat(List<Entries> runs, Entries run) {
    List<Entries> longer = new ArrayList<>(runs);
    longer.add(run);
    return longer;
  }
}
