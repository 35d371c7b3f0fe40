package io.khonsu.consensus;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** Small clusters under random faults. The simulation module does this at length. */
class ReplicaChaosTest {
  private static final int SEEDS = Integer.getInteger("khonsu.chaos.seeds", 150);
  private static final long FIRST = Long.getLong("khonsu.chaos.first", 1);

  @Test
  void clusters_underRandomFaults_agreeAndConverge() {
    for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
      try {
        new Chaos(seed, Set.of()).run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + "; replay with -Dkhonsu.chaos.first=" + seed, e);
      }
    }
  }
}
