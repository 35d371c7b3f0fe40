package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;

/**
 * How a script begins a transaction.
 *
 * @param level the isolation level under test
 * @param access whether the transaction may write; from {@link Level#SNAPSHOT} up a read-only one
 *     is never refused
 * @param strategy what happens to a write that conflicts
 */
public record BeginOptions(Level level, Access access, Strategy strategy) {

  /** Whether a transaction may write. */
  public enum Access {
    READ_WRITE,
    READ_ONLY
  }

  /** What a commit does with a write that conflicts with another transaction's. */
  public enum Strategy {
    /** The commit is refused. */
    FAIL,
    /** The write goes through; what it overwrote is lost, and the store reports so. */
    REPLACE
  }

  /** {@return a read-write transaction at {@code level} whose conflicts are refused} */
  public static BeginOptions readWrite(Level level) {
    return new BeginOptions(level, Access.READ_WRITE, Strategy.FAIL);
  }
}
