package io.khonsu;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Runs a test's tasks on threads of their own. */
final class Threads {
  private Threads() {}

  /** What one of several threads does; what it throws fails the test. */
  @FunctionalInterface
  interface Task {
    void run(int number) throws Exception;
  }

  /** Runs a task on several threads that start together, each told its number, and joins them. */
  static void run(int count, Task task) {
    CyclicBarrier barrier = new CyclicBarrier(count);
    try (Running running =
        start(
            count,
            number -> {
              barrier.await();
              task.run(number);
            })) {
      running.join();
    }
  }

  /** Starts a task on several threads, each told its number. */
  static Running start(int count, Task task) {
    Running running = new Running();
    for (int i = 0; i < count; i++) {
      int number = i;
      running.threads.add(
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                try {
                  task.run(number);
                } catch (Throwable e) {
                  running.failure.compareAndSet(null, e);
                }
              }));
    }
    return running;
  }

  /** Waits for something that other threads bring about; the test's timeout ends a vain wait. */
  static void awaitUntil(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      letOthersRun();
    }
  }

  /** Makes other orders of events likelier; nothing depends on it. */
  @SuppressWarnings("ThreadPriorityCheck")
  static void letOthersRun() {
    Thread.yield();
  }

  /** Threads that were started. */
  static final class Running implements AutoCloseable {
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** Waits until all of them wait for something themselves, or have ended. */
    void awaitAllWaiting() {
      for (Thread thread : threads) {
        awaitUntil(() -> thread.getState() == Thread.State.WAITING || !thread.isAlive());
      }
    }

    boolean isAnyAlive() {
      return threads.stream().anyMatch(Thread::isAlive);
    }

    void interrupt() {
      threads.forEach(Thread::interrupt);
    }

    /** Joins all threads; throws what one of them threw. */
    void join() {
      threads.forEach(Running::join);
      Throwable first = failure.get();
      if (first != null) {
        throw new AssertionError("a thread failed", first);
      }
    }

    @Override
    public void close() {
      join();
    }

    private static void join(Thread thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new AssertionError("the test was interrupted", e);
      }
    }
  }
}
