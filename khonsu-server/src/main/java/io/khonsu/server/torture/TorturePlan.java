package io.khonsu.server.torture;

import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * What is to be done to a cluster.
 *
 * @param seed of the faults, and of what the clients do
 * @param duration after this no further fault begins
 * @param families the faults, at least one
 * @param leftOut those that this machine cannot do, each with the reason
 */
public record TorturePlan(
    long seed, Duration duration, Set<FaultFamily> families, Map<FaultFamily, String> leftOut) {
  /** Takes copies, and checks that there are faults. */
  public TorturePlan {
    if (families.isEmpty()) {
      throw new IllegalArgumentException("name at least one of " + FaultFamily.names());
    }
    families = Set.copyOf(families);
    leftOut = Collections.unmodifiableMap(new TreeMap<>(leftOut));
  }

  /** {@return the first of the faults that a seed draws of some families, on any machine} */
  public static List<String> schedule(long seed, Set<FaultFamily> families, int count) {
    RandomGenerator random = new SplittableRandom(seed);
    return Stream.generate(() -> Fault.draw(random, families).toString()).limit(count).toList();
  }

  Fault draw(RandomGenerator random) {
    return Fault.draw(random, families);
  }

  boolean needsLoopDisks() {
    return families.stream().anyMatch(FaultFamily::needsLoopDisks);
  }

  /**
   * {@return a plan of these faults}
   *
   * @throws IOException if this machine cannot do one; the message says which, and what is needed
   */
  public static TorturePlan of(long seed, Duration duration, Set<FaultFamily> families)
      throws IOException, InterruptedException {
    for (FaultFamily family : families) {
      family.tryOut();
    }
    return new TorturePlan(seed, duration, families, Map.of());
  }

  /** {@return a plan of all faults that this machine can do} */
  public static TorturePlan ofAll(long seed, Duration duration) throws InterruptedException {
    Set<FaultFamily> families = EnumSet.noneOf(FaultFamily.class);
    Map<FaultFamily, String> leftOut = new TreeMap<>();
    for (FaultFamily family : FaultFamily.values()) {
      try {
        family.tryOut();
        families.add(family);
      } catch (IOException e) {
        leftOut.put(family, String.valueOf(e.getMessage()));
      }
    }
    return new TorturePlan(seed, duration, families, leftOut);
  }
}
