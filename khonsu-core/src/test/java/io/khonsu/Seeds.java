package io.khonsu;

import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Runs properties with fresh seeds, or with the one given by {@code -Dkhonsu.seed=...}. */
public final class Seeds {
  private Seeds() {}

  /** Checks {@code property} some times; a failure names the seed and the command to replay it. */
  public static void check(int rounds, Consumer<RandomGenerator> property) {
    Long given = Long.getLong("khonsu.seed");
    SplittableRandom fresh = new SplittableRandom();
    String test =
        StackWalker.getInstance()
            .walk(frames -> frames.skip(1).findFirst().orElseThrow().getClassName());
    for (int round = 0; round < (given == null ? rounds : 1); round++) {
      long seed = given == null ? fresh.nextLong() : given;
      try {
        property.accept(new SplittableRandom(seed));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            "seed %d; replay: mvn test -pl khonsu-core -am -Dtest=%s -Dkhonsu.seed=%d"
                .formatted(seed, test, seed),
            e);
      }
    }
  }
}
