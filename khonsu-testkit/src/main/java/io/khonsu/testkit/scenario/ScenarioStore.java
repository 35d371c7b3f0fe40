package io.khonsu.testkit.scenario;

import java.util.SortedMap;

/**
 * A store under test, seen as one table from string keys to longs.
 *
 * <p>The suite opens one store for each script, and one for each family of interleavings, which it
 * resets by an ordinary transaction. It calls a store from one thread only, never leaves a
 * transaction open between two runs, and expects no call to block on another open transaction: a
 * store that locks must refuse instead.
 */
public interface ScenarioStore extends AutoCloseable {

  /** Begins a transaction; its snapshot, if its level has one, is the state at this moment. */
  ScenarioTransaction begin(BeginOptions options);

  /** {@return all rows of the newest committed state} */
  SortedMap<String, Long> state();

  /**
   * {@return whether {@link #begin} knows {@code strategy}; scripts that need another are skipped}
   */
  default boolean supports(BeginOptions.Strategy strategy) {
    return strategy == BeginOptions.Strategy.FAIL;
  }

  /**
   * {@return whether the serial order at {@code SERIALIZABLE} is that of the commits} If not, an
   * anomaly is prevented there also if it completes and some other serial order in real time
   * explains it.
   */
  default boolean ordersByCommit() {
    return true;
  }

  @Override
  void close();
}
