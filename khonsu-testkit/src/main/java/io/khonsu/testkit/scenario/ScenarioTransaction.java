package io.khonsu.testkit.scenario;

import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * A transaction of a {@link ScenarioStore}. Reads see the transaction's own writes. It ends with
 * exactly one call of {@link #commit} or {@link #abort}, refused commits included.
 */
public interface ScenarioTransaction {

  /** {@return the value of {@code key}, or empty if there is no such row} */
  OptionalLong read(String key);

  /** Inserts or overwrites the row {@code key}. */
  void write(String key, long value);

  /** Deletes the row {@code key}; deleting an absent row is allowed. */
  void delete(String key);

  /** {@return the rows that {@code predicate} matches} */
  SortedMap<String, Long> scan(ScenarioPredicate predicate);

  /** Ends the transaction. A store that refuses a commit says so by value and throws nothing. */
  CommitOutcome commit();

  /** Ends the transaction and drops its writes. */
  void abort();
}
