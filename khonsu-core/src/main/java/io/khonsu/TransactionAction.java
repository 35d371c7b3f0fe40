package io.khonsu;

/**
 * What a transaction does when it has no result; run again from the start whenever its commit
 * fails, so it must have no effects outside the transaction.
 *
 * @param <E> what it may throw; thrown, it rolls back
 */
@FunctionalInterface
public interface TransactionAction<E extends Exception> {
  /** Reads and writes. Committing and closing is the caller's. */
  void run(Transaction transaction) throws E;

  /** {@return the same as a body, whose result is the transaction} */
  default TransactionBody<Transaction, E> asBody() {
    return transaction -> {
      run(transaction);
      return transaction;
    };
  }
}
