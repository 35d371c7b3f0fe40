package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.EnumSet;
import java.util.Set;

/** The set of deviations that a replica was created with; none, outside of tests. */
final class Deviations {
  private final boolean any;
  private final EnumSet<Deviation> set;

  Deviations(Set<Deviation> deviations) {
    set = EnumSet.noneOf(Deviation.class);
    set.addAll(deviations);
    any = !set.isEmpty();
  }

  boolean has(Deviation deviation) {
    return any && set.contains(deviation);
  }

  boolean isAny() {
    return any;
  }
}
