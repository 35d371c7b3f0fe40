package io.khonsu.backup;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Measures how long a step takes that is carried out on another thread, and says so, once a step,
 * if it takes long: what the step waits for may hang. Thread-safe; close it.
 */
final class StepWatch implements AutoCloseable {
  private final Duration patience;
  private final Consumer<Duration> impatience;

  @GuardedBy("this")
  private long begunNanos;

  /** Of the step under way; even while there is none. */
  @GuardedBy("this")
  private long number;

  @GuardedBy("this")
  private boolean closed;

  /**
   * Begins to watch, on a thread of its own.
   *
   * @param patience how long a step may take
   * @param impatience told, on that thread, how long one has taken so far
   */
  StepWatch(String thread, Duration patience, Consumer<Duration> impatience) {
    this.patience = patience;
    this.impatience = impatience;
    Thread.ofVirtual().name(thread).start(this::run);
  }

  /** Says that a step begins. */
  synchronized void begin() {
    number++;
    begunNanos = System.nanoTime();
  }

  /** Says that it has ended. */
  synchronized void end() {
    number++;
  }

  /** {@return how long the step under way has taken, or zero if there is none} */
  synchronized Duration underWay() {
    return isUnderWay() ? Duration.ofNanos(System.nanoTime() - begunNanos) : Duration.ZERO;
  }

  @GuardedBy("this")
  private boolean isUnderWay() {
    return number % 2 != 0;
  }

  private void run() {
    long told = 0;
    while (awaitRound()) {
      long current;
      Duration taken;
      synchronized (this) {
        current = number;
        taken = underWay();
      }
      if (current != told && taken.compareTo(patience) >= 0) {
        told = current;
        impatience.accept(taken);
      }
    }
  }

  /** {@return false if nobody watches any more} */
  private synchronized boolean awaitRound() {
    long end = System.nanoTime() + patience.toNanos() / 2;
    for (long left = end - System.nanoTime(); left > 0 && !closed; ) {
      try {
        wait(Duration.ofNanos(left).plusMillis(1).toMillis());
      } catch (InterruptedException e) {
        throw new AssertionError("nobody interrupts this thread", e);
      }
      left = end - System.nanoTime();
    }
    return !closed;
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
