package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Runs a test's tasks on threads of their own, started together. */
final class Threads {
  private Threads() {}

  /** What a thread does; failures fail the test. */
  @FunctionalInterface
  interface Task {
    void run() throws Exception;
  }

  static void run(Task... tasks) throws InterruptedException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    CyclicBarrier start = new CyclicBarrier(tasks.length);
    List<Thread> threads = new ArrayList<>();
    for (Task task : tasks) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                try {
                  start.await();
                  task.run();
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new AssertionError("a thread failed", first);
    }
  }

  /** Runs one task on several threads, each told its number. */
  static void run(int count, NumberedTask task) throws InterruptedException {
    Task[] tasks = new Task[count];
    for (int i = 0; i < count; i++) {
      int number = i;
      tasks[i] = () -> task.run(number);
    }
    run(tasks);
  }

  /** What one of several threads does. */
  @FunctionalInterface
  interface NumberedTask {
    void run(int number) throws Exception;
  }
}
