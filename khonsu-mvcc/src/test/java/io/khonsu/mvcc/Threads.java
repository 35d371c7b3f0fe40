package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
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

  /** Returns when all are done, or throws when the first has failed: the others may go on. */
  static void run(Task... tasks) throws InterruptedException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Semaphore ended = new Semaphore(0);
    CyclicBarrier start = new CyclicBarrier(tasks.length);
    List<Thread> threads = new ArrayList<>();
    for (Task task : tasks) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .unstarted(() -> {
                try {
                  start.await();
                  task.run();
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                } finally {
                  ended.release();
                }
              }));
    }
    threads.forEach(Thread::start);
    for (int i = 0; i < tasks.length && failure.get() == null; i++) {
      ended.acquire();
    }
    Throwable first = failure.get();
    if (first != null) {
      threads.forEach(Thread::interrupt);
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
