package io.khonsu;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What is left of one transaction's time and attempts, once its first run has failed. */
final class Patience {
  private static final int ATTEMPTS_WITHOUT_PAUSE = 3;
  private static final int ATTEMPTS_BEFORE_GATE = 12;
  private static final long PAUSE_NANOS = 10_000;
  private static final int PAUSE_DOUBLINGS_MAX = 8;

  private final long id;
  private final TransactionOptions options;
  private final long start;
  private final ConflictReports reports;
  private RunMode mode = RunMode.REPEATED;
  private int runs;
  private int conflicts;

  /** Conflicts since the last wait for a change. */
  private int conflictsInRow;

  Patience(long id, TransactionOptions options, long start, TransactionManager manager) {
    this.id = id;
    this.options = options;
    this.start = start;
    this.reports = manager.reports();
  }

  boolean wantsGate() {
    return conflictsInRow >= ATTEMPTS_BEFORE_GATE;
  }

  RunMode mode() {
    return mode;
  }

  /** Waits a while before the next run, or gives up. */
  void afterConflict(TransactionConflictException conflict) {
    runs++;
    conflicts++;
    conflictsInRow++;
    if (conflicts >= options.attemptsMax() || left().isZero()) {
      throw gaveUp(new TransactionDeadlineException(runs, waited(), conflict));
    }
    pause();
    if (Thread.currentThread().isInterrupted()) {
      throw gaveUp(new TransactionInterruptedException(runs, waited(), conflict));
    }
  }

  /** Waits for a change, unless the run did not note what it has read; or gives up. */
  void afterRetry(RetrySignal signal) {
    runs++;
    conflictsInRow = 0;
    mode = RunMode.NOTING;
    @Nullable Parking parking = signal.parking();
    if (parking == null) {
      return;
    }
    long before = System.nanoTime();
    ContentionListener.WaitOutcome outcome;
    try (parking) {
      outcome = parking.await(nanos(left()));
    }
    Duration parked = Duration.ofNanos(System.nanoTime() - before);
    reports
        .listeners()
        .publish(listener ->
            listener.onWait(new ContentionListener.WaitEvent(id, options.name(), parked, outcome)));
    switch (outcome) {
      case CHANGED -> {}
      case TIMED_OUT -> throw gaveUp(new TransactionDeadlineException(runs, waited(), null));
      case INTERRUPTED -> throw gaveUp(new TransactionInterruptedException(runs, waited(), null));
    }
  }

  private TransactionAbortedException gaveUp(TransactionAbortedException failure) {
    int attempts = runs;
    Duration waited = waited();
    reports
        .listeners()
        .publish(listener ->
            listener.onGiveUp(
                new ContentionListener.GiveUpEvent(id, options.name(), attempts, waited)));
    return failure;
  }

  private Duration waited() {
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private Duration left() {
    Duration left = options.timeout().minus(waited());
    return left.isNegative() ? Duration.ZERO : left;
  }

  private static long nanos(Duration duration) {
    Duration longest = Duration.ofNanos(Long.MAX_VALUE);
    return duration.compareTo(longest) > 0 ? Long.MAX_VALUE : duration.toNanos();
  }

  private void pause() {
    if (conflictsInRow <= ATTEMPTS_WITHOUT_PAUSE) {
      Thread.onSpinWait();
      return;
    }
    int doublings = Math.min(conflictsInRow - ATTEMPTS_WITHOUT_PAUSE, PAUSE_DOUBLINGS_MAX);
    long longest = Math.min(PAUSE_NANOS << doublings, nanos(left()));
    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(longest / 2, longest + 1));
  }
}
