package io.khonsu.grpc;

import java.util.concurrent.TimeUnit;

/** Waiting for what was told to end. */
final class Closing {
  private static final long SECONDS_MAX = 5;

  private Closing() {}

  /** How something waits for its own end. */
  @FunctionalInterface
  interface Ending {
    boolean await(long timeout, TimeUnit unit) throws InterruptedException;
  }

  /** Waits for a few seconds at most; an interrupt ends the waiting and is kept. */
  static void await(Ending ending) {
    try {
      var _ = ending.await(SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
