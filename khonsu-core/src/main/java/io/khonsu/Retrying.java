package io.khonsu;

import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Runs transactions until they commit: after a collision at once again at first, then after a pause
 * that doubles, with jitter, and at last through the gate, where no other commit comes between;
 * after a {@code retry()} when something that was read has changed. Thread-safe.
 */
final class Retrying {
  private final TransactionManager manager;
  private final LongAdder retries = new LongAdder();

  Retrying(TransactionManager manager) {
    this.manager = manager;
  }

  long retries() {
    return retries.sum();
  }

  <R extends @Nullable Object, E extends Exception> R run(
      TransactionOptions options, TransactionBody<R, E> body) throws E {
    long id = manager.nextTransactionId();
    long start = System.nanoTime();
    boolean isGated = manager.committer().fairness() == Committer.Fairness.GATE;
    Patience patience = null;
    while (true) {
      try {
        return patience != null && patience.wantsGate() && isGated
            ? runThroughGate(id, options, patience.mode(), body)
            : runOnce(id, options, patience == null ? RunMode.REPEATED : patience.mode(), body);
      } catch (TransactionConflictException e) {
        patience = patience == null ? new Patience(id, options, start, manager) : patience;
        patience.afterConflict(e);
      } catch (RetrySignal signal) {
        if (!signal.isOf(manager, id)) {
          throw signal;
        }
        patience = patience == null ? new Patience(id, options, start, manager) : patience;
        patience.afterRetry(signal);
      }
      retries.increment();
    }
  }

  private <R extends @Nullable Object, E extends Exception> R runOnce(
      long id, TransactionOptions options, RunMode mode, TransactionBody<R, E> body) throws E {
    try (StagedTransaction transaction = manager.begin(id, options, mode)) {
      return runAndCommit(transaction, body);
    }
  }

  private static <R extends @Nullable Object, E extends Exception> R runAndCommit(
      StagedTransaction transaction, TransactionBody<R, E> body) throws E {
    try {
      R result = body.run(transaction);
      transaction.rethrowRetry();
      if (!transaction.hasEnded()) {
        var _ = transaction.commit();
      }
      return result;
    } catch (RetrySignal signal) {
      if (transaction.hasSent(signal)) {
        park(transaction, signal);
      }
      throw signal;
    }
  }

  /** Registers for changes while the transaction still keeps what it saw, then ends it. */
  private static void park(StagedTransaction transaction, RetrySignal signal) {
    Parking parking = transaction.park();
    try {
      transaction.rollback();
      signal.setParking(parking);
    } catch (RuntimeException | Error e) {
      if (parking != null) {
        parking.close();
      }
      throw e;
    }
  }

  private <R extends @Nullable Object, E extends Exception> R runThroughGate(
      long id, TransactionOptions options, RunMode mode, TransactionBody<R, E> body) throws E {
    manager.buffer().enterGate(id);
    try {
      manager.committer().awaitPending();
      return runOnce(id, options, mode, body);
    } finally {
      manager.buffer().leaveGate(id);
    }
  }
}
