package io.khonsu;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import java.time.Duration;
import java.util.Objects;

/**
 * How a transaction behaves. Immutable.
 *
 * @param level what it may notice of others
 * @param onConflict what becomes of a write whose item another transaction has changed since the
 *     snapshot; under SERIALIZABLE a write to an item that was not read never conflicts, so FAIL
 *     and REPLACE let it pass, IGNORE drops it and APPEND merges it; a write can say otherwise
 * @param timeout how long {@link Khonsu#transact} goes on retrying, waiting for a change included
 * @param attemptsMax how often {@link Khonsu#transact} runs a transaction that collides with
 *     others, at least 1; runs that end in {@link Transaction#retry} do not count
 * @param name what to call transactions of this kind where they collide with others; {@value
 *     #UNNAMED} if they have none
 */
public record TransactionOptions(
    IsolationLevel level,
    ConflictStrategy onConflict,
    Duration timeout,
    int attemptsMax,
    String name) {
  /** The name of transactions that were given none. */
  public static final String UNNAMED = "unnamed";

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if {@code timeout} or {@code attemptsMax} is not positive
   */
  public TransactionOptions {
    Objects.requireNonNull(level, "level");
    Objects.requireNonNull(onConflict, "onConflict");
    Objects.requireNonNull(timeout, "timeout");
    Objects.requireNonNull(name, "name");
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout must be positive, but is " + timeout);
    }
    if (attemptsMax < 1) {
      throw new IllegalArgumentException("attemptsMax must be at least 1, but is " + attemptsMax);
    }
  }

  /** {@return options of a level: FAIL on conflict, 30 s and any number of attempts to retry} */
  public static TransactionOptions of(IsolationLevel level) {
    return new TransactionOptions(
        level, ConflictStrategy.FAIL, DEFAULT_TIMEOUT, Integer.MAX_VALUE, UNNAMED);
  }

  /** {@return options for {@link IsolationLevel#SERIALIZABLE}} */
  public static TransactionOptions serializable() {
    return of(IsolationLevel.SERIALIZABLE);
  }

  /** {@return options for {@link IsolationLevel#REPEATABLE_READ}} */
  public static TransactionOptions repeatableRead() {
    return of(IsolationLevel.REPEATABLE_READ);
  }

  /** {@return options for {@link IsolationLevel#SNAPSHOT}} */
  public static TransactionOptions snapshot() {
    return of(IsolationLevel.SNAPSHOT);
  }

  /** {@return options for {@link IsolationLevel#READ_COMMITTED}} */
  public static TransactionOptions readCommitted() {
    return of(IsolationLevel.READ_COMMITTED);
  }

  /** {@return these options with another strategy} */
  public TransactionOptions onConflict(ConflictStrategy strategy) {
    return new TransactionOptions(level, strategy, timeout, attemptsMax, name);
  }

  /** {@return these options with another timeout} */
  public TransactionOptions timeout(Duration limit) {
    return new TransactionOptions(level, onConflict, limit, attemptsMax, name);
  }

  /** {@return these options with another number of attempts} */
  public TransactionOptions attemptsMax(int most) {
    return new TransactionOptions(level, onConflict, timeout, most, name);
  }

  /** {@return these options with another name} */
  public TransactionOptions named(String other) {
    return new TransactionOptions(level, onConflict, timeout, attemptsMax, other);
  }
}
