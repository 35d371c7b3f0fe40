package io.khonsu.simulation;

import io.khonsu.consensus.deviation.Deviation;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is broken on purpose, to see whether it is noticed.
 *
 * @param deviations in the protocol
 * @param sabotage in what surrounds it
 */
record Breakage(Set<Deviation> deviations, Set<Sabotage> sabotage) {
  static final Breakage NONE = new Breakage(Set.of(), Set.of());

  /** Takes copies. */
  Breakage {
    deviations = deviations.isEmpty() ? Set.of() : Set.copyOf(EnumSet.copyOf(deviations));
    sabotage = Set.copyOf(sabotage);
  }

  static Breakage of(Deviation deviation) {
    return new Breakage(Set.of(deviation), Set.of());
  }

  static Breakage of(Sabotage sabotage) {
    return new Breakage(Set.of(), Set.of(sabotage));
  }

  /**
   * {@return what is called so}
   *
   * @throws IllegalArgumentException naming what there is
   */
  static Breakage named(String name) {
    for (Deviation deviation : Deviation.values()) {
      if (deviation.name().equals(name)) {
        return of(deviation);
      }
    }
    for (Sabotage sabotage : Sabotage.values()) {
      if (sabotage.name().equals(name)) {
        return of(sabotage);
      }
    }
    throw new IllegalArgumentException("no defect is called " + name + "; there are " + names());
  }

  static List<String> names() {
    return Stream.concat(
            Arrays.stream(Deviation.values()).map(Enum::name),
            Arrays.stream(Sabotage.values()).map(Enum::name))
        .toList();
  }

  /** {@return what is broken, or an empty text} */
  String name() {
    return Stream.concat(deviations.stream(), sabotage.stream())
        .map(Enum::name)
        .sorted()
        .collect(Collectors.joining(","));
  }
}
