package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.fail;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what other threads do; only what never happens fails. */
final class Waiting {
  private static final long MINUTES_MAX = 1;

  private Waiting() {}

  /** {@return what comes} */
  static <T> T forValue(String what, CompletableFuture<T> future) {
    until(what, future::isDone);
    return future.join();
  }

  static void until(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > TimeUnit.MINUTES.toNanos(MINUTES_MAX)) {
        fail("never happened: " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }
}
