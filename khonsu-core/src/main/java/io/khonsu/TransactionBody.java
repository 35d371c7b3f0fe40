package io.khonsu;

/**
 * What a transaction does; run again from the start whenever its commit fails, so it must have no
 * effects outside the transaction.
 *
 * @param <R> the type of the result
 * @param <E> what it may throw; thrown, it rolls back
 */
@FunctionalInterface
public interface TransactionBody<
    R extends @org.jspecify.annotations.Nullable Object, E extends Exception> {
  /** {@return the result} Committing and closing is the caller's. */
  R run(Transaction transaction) throws E;
}
