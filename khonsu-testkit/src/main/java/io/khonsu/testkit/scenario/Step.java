package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** One line of a script: one transaction does one thing. */
public sealed interface Step {

  /** {@return the name of the transaction that acts} */
  String transaction();

  /** Begins the transaction. */
  record Begin(String transaction, BeginOptions.Access access, BeginOptions.Strategy strategy)
      implements Step {
    BeginOptions at(Level level) {
      return new BeginOptions(level, access, strategy);
    }
  }

  /**
   * Reads one item.
   *
   * @param expected what the anomaly needs the read to see, as the row found or no row; any of
   *     these will do, and no expectation is an empty list
   */
  record Read(String transaction, String key, List<SortedMap<String, Long>> expected)
      implements Step {}

  /**
   * Reads all rows of a predicate.
   *
   * @param expected as for {@link Read}
   */
  record Scan(
      String transaction, ScenarioPredicate predicate, List<SortedMap<String, Long>> expected)
      implements Step {}

  /**
   * Inserts or overwrites a row.
   *
   * @param operand the value, or what is added to the base
   * @param base null, or the key whose value as this transaction last read it is added (0 if
   *     absent)
   */
  record Write(String transaction, String key, long operand, @Nullable String base)
      implements Step {}

  /** Deletes a row: always, or only if the transaction's last scan found it. */
  record Delete(String transaction, String key, Condition condition) implements Step {
    /** When a row is deleted. */
    public enum Condition {
      ALWAYS,
      IF_FOUND
    }
  }

  /** Asks for the commit. */
  record Commit(String transaction) implements Step {}

  /** Aborts. */
  record Abort(String transaction) implements Step {}
}
