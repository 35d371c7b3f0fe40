package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;

/**
 * The suite as JUnit tests: one for each script and level, and one for each family of interleavings
 * and level.
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> scenarios() {
 *   return ScenarioSuite.dynamicTests(MyScenarioStore::new);
 * }
 * }</pre>
 */
public final class ScenarioSuite {
  private static final System.Logger LOG = System.getLogger(ScenarioSuite.class.getName());

  private ScenarioSuite() {}

  /** {@return all tests, at all levels} */
  public static Stream<DynamicTest> dynamicTests(Supplier<? extends ScenarioStore> stores) {
    return dynamicTests(stores, Level.values());
  }

  /** {@return all tests at some levels, for a store that does not offer the others} */
  public static Stream<DynamicTest> dynamicTests(
      Supplier<? extends ScenarioStore> stores, Level... levels) {
    return Arrays.stream(levels)
        .flatMap(level ->
            Stream.of(
                    Script.anomalies().stream().map(script -> anomaly(script, stores, level)),
                    Script.scenarios().stream().map(script -> scenario(script, stores, level)),
                    Script.scenarios().stream()
                        .filter(script -> script.interleavings() != null)
                        .map(script -> family(script, stores, level)))
                .flatMap(tests -> tests));
  }

  private static DynamicTest anomaly(
      Script script, Supplier<? extends ScenarioStore> stores, Level level) {
    return DynamicTest.dynamicTest(
        script.file() + " at " + level,
        () -> {
          try (ScenarioStore store = stores.get()) {
            Assumptions.assumeTrue(
                script.alwaysFails() || store.supports(BeginOptions.Strategy.REPLACE));
            fail(ScenarioCheck.anomaly(script, store, level));
          }
        });
  }

  private static DynamicTest scenario(
      Script script, Supplier<? extends ScenarioStore> stores, Level level) {
    return DynamicTest.dynamicTest(
        script.file() + " at " + level,
        () -> {
          try (ScenarioStore store = stores.get()) {
            fail(ScenarioCheck.scenario(script, store, level).problems());
          }
        });
  }

  private static DynamicTest family(
      Script script, Supplier<? extends ScenarioStore> stores, Level level) {
    return DynamicTest.dynamicTest(
        script.file() + " at " + level + ", every interleaving",
        () -> {
          try (ScenarioStore store = stores.get()) {
            ScenarioCheck.Result result = ScenarioCheck.family(script, store, level);
            LOG.log(
                System.Logger.Level.INFO,
                "{0} at {1}: {2} interleavings, {3} refusals, {4} of them false aborts",
                script.file(),
                level,
                result.executions(),
                result.refusals(),
                result.falseAborts());
            fail(result.problems());
          }
        });
  }

  private static void fail(List<String> problems) {
    if (!problems.isEmpty()) {
      Assertions.fail(String.join("\n", problems));
    }
  }
}
