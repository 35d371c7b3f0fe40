package io.khonsu.grpc;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An action that is run some time after it is asked for, by one thread at a time; once for all who
 * have asked since it began last. Thread-safe.
 */
final class Repeated {
  private final Executor executor;
  private final Runnable action;
  private final AtomicInteger asked = new AtomicInteger();

  /** Nobody has asked yet. */
  Repeated(Executor executor, Runnable action) {
    this.executor = executor;
    this.action = action;
  }

  /** Asks for a run that begins after this. */
  void ask() {
    if (asked.getAndIncrement() == 0) {
      try {
        executor.execute(this::run);
      } catch (RejectedExecutionException _) { // nobody else would run it any more
        run();
      }
    }
  }

  private void run() {
    int seen = 1;
    boolean isDone = false;
    try {
      do {
        action.run();
        seen = asked.addAndGet(-seen);
      } while (seen != 0);
      isDone = true;
    } finally {
      if (!isDone) {
        asked.set(0); // or nobody could run it again
      }
    }
  }
}
