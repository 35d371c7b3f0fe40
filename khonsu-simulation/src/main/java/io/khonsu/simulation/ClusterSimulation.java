package io.khonsu.simulation;

import io.khonsu.distributed.deviation.Defect;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Simulated runs of whole nodes: the way in. */
public final class ClusterSimulation {
  private ClusterSimulation() {}

  /** {@return the names of all families of runs} */
  public static List<String> families() {
    return ClusterSettings.ALL.stream().map(ClusterSettings::name).toList();
  }

  /** {@return the names of all defects that can be planted, to see whether they are noticed} */
  public static List<String> defects() {
    return Stream.concat(
            Arrays.stream(Defect.values()).map(Enum::name),
            Arrays.stream(ClusterMistake.values()).map(Enum::name))
        .toList();
  }

  /**
   * {@return what happened in one run}
   *
   * @param family one of {@link #families}
   * @param defect one of {@link #defects}, or an empty text
   * @throws IllegalArgumentException if there is no such family or defect
   */
  public static ClusterReport run(String family, long seed, String defect) {
    Set<Defect> defects = EnumSet.noneOf(Defect.class);
    Set<ClusterMistake> mistakes = EnumSet.noneOf(ClusterMistake.class);
    for (Defect each : Defect.values()) {
      if (each.name().equals(defect)) {
        defects.add(each);
      }
    }
    for (ClusterMistake each : ClusterMistake.values()) {
      if (each.name().equals(defect)) {
        mistakes.add(each);
      }
    }
    if (!defect.isEmpty() && defects.isEmpty() && mistakes.isEmpty()) {
      throw new IllegalArgumentException(
          "no defect is called " + defect + "; there are " + defects());
    }
    return ClusterRun.run(ClusterSettings.named(family), seed, defects, mistakes);
  }
}
