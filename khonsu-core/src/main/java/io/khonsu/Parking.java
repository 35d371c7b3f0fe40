package io.khonsu;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Where the thread that makes it waits for a change. Waking is thread-safe. */
final class Parking implements Runnable, AutoCloseable {
  private final Thread thread = Thread.currentThread();
  private volatile boolean woken;
  private @Nullable Runnable end;

  /** Makes this end a registration when it is closed. */
  void own(Runnable registrationEnd) {
    end = registrationEnd;
  }

  /** Wakes the thread. */
  @Override
  public void run() {
    woken = true;
    LockSupport.unpark(thread);
  }

  /**
   * Waits until woken, but no longer than that, and not if the thread is interrupted: also if it
   * was woken, as whoever is woken again and again before it waits must come to an end too.
   */
  ContentionListener.WaitOutcome await(long nanos) {
    long start = System.nanoTime();
    while (true) {
      if (Thread.currentThread().isInterrupted()) {
        return ContentionListener.WaitOutcome.INTERRUPTED;
      }
      long left = nanos - (System.nanoTime() - start);
      if (left <= 0) {
        return ContentionListener.WaitOutcome.TIMED_OUT;
      }
      if (woken) {
        return ContentionListener.WaitOutcome.CHANGED;
      }
      LockSupport.parkNanos(this, left);
    }
  }

  @Override
  public void close() {
    if (end != null) {
      end.run();
    }
  }
}
