package io.khonsu;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs transactions until they commit: at once again at first, then after a pause that doubles,
 * with jitter, and at last through the gate, where no other commit comes between. Thread-safe.
 */
final class Retrying {
  private static final int ATTEMPTS_WITHOUT_PAUSE = 3;
  private static final int ATTEMPTS_BEFORE_GATE = 12;
  private static final long PAUSE_NANOS = 10_000;
  private static final int PAUSE_DOUBLINGS_MAX = 8;

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
    for (int attempt = 1; ; attempt++) {
      try {
        return attempt > ATTEMPTS_BEFORE_GATE
            ? runThroughGate(id, options, body)
            : runOnce(id, options, body);
      } catch (TransactionConflictException e) {
        Duration waited = Duration.ofNanos(System.nanoTime() - start);
        if (attempt >= options.attemptsMax() || waited.compareTo(options.timeout()) >= 0) {
          throw new TransactionDeadlineException(attempt, waited, e);
        }
        retries.increment();
        pause(attempt, options.timeout().minus(waited));
        if (Thread.currentThread().isInterrupted()) {
          throw new TransactionDeadlineException(attempt, waited, e);
        }
      }
    }
  }

  private <R extends @Nullable Object, E extends Exception> R runOnce(
      long id, TransactionOptions options, TransactionBody<R, E> body) throws E {
    try (Transaction transaction = manager.begin(id, options)) {
      R result = body.run(transaction);
      if (!transaction.hasEnded()) {
        var _ = transaction.commit();
      }
      return result;
    }
  }

  private <R extends @Nullable Object, E extends Exception> R runThroughGate(
      long id, TransactionOptions options, TransactionBody<R, E> body) throws E {
    manager.buffer().enterGate(id);
    try {
      manager.awaitPending();
      return runOnce(id, options, body);
    } finally {
      manager.buffer().leaveGate(id);
    }
  }

  private static void pause(int attempt, Duration left) {
    if (attempt <= ATTEMPTS_WITHOUT_PAUSE) {
      Thread.onSpinWait();
      return;
    }
    int doublings = Math.min(attempt - ATTEMPTS_WITHOUT_PAUSE, PAUSE_DOUBLINGS_MAX);
    long pause = PAUSE_NANOS << doublings;
    long longest = left.compareTo(Duration.ofNanos(pause)) < 0 ? left.toNanos() : pause;
    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(longest / 2, longest + 1));
  }
}
