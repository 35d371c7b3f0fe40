package io.khonsu.benchmarks;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/** What a caller does between two tries: a short random pause that grows, then a real one. */
final class Backoff {
  private static final int SPINNING_TRIES = 8;
  private static final int SPINS_FIRST = 8;
  private static final long NAP_NANOS = 50_000;

  private Backoff() {}

  /** Pauses after failed try number {@code attempt}, counted from 0. */
  static void pause(int attempt) {
    if (attempt >= SPINNING_TRIES) {
      LockSupport.parkNanos(NAP_NANOS);
      return;
    }
    int spins = ThreadLocalRandom.current().nextInt(SPINS_FIRST << attempt);
    for (int i = 0; i < spins; i++) {
      Thread.onSpinWait();
    }
  }
}
