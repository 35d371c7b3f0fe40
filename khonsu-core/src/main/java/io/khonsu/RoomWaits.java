package io.khonsu;

import java.util.concurrent.TimeUnit;

/**
 * How long commits wait for batches to leave memory: as long as some do, as the next one may make
 * the room, but not for readers that stay. Thread-safe.
 */
final class RoomWaits {
  /** How long one waits while no batch leaves, where there is memory enough. */
  private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** If that was in vain, so long no other does. */
  private static final long VAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How long one waits in all. */
  private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

  private volatile long left;
  private volatile boolean isWriting;
  private volatile long noneUntilNanos = System.nanoTime();

  /** Notes that a batch has left memory. By one thread at a time. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void batchLeft() {
    left++;
  }

  /** Notes whether one is being written out, and will leave. */
  void writing(boolean writing) {
    isWriting = writing;
  }

  /** The wait of one thread. */
  final class Wait {
    private final long startNanos = System.nanoTime();
    private long progressNanos = startNanos;
    private long seen = left;

    /**
     * {@return whether to look once more}
     *
     * @param isScarce whether there is so little memory that going on is worse than waiting
     */
    boolean mayGoOn(boolean isScarce) {
      long now = System.nanoTime();
      if (isWriting || seen != left) {
        seen = left;
        progressNanos = now;
      }
      if (Thread.currentThread().isInterrupted() || now - startNanos >= WAIT_NANOS_MAX) {
        return false; // who is interrupted would not wait
      }
      if (isScarce) {
        return true;
      }
      if (now - progressNanos >= WAIT_NANOS) {
        noneUntilNanos = now + VAIN_NANOS;
      }
      return now - noneUntilNanos >= 0;
    }
  }
}
