package io.khonsu.durable;

import java.io.IOException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** Threads that nobody interrupts, and waiting for them. */
final class Threads {
  private Threads() {}

  /** Something with files. */
  @FunctionalInterface
  interface Task {
    /** Does it. */
    void run() throws IOException;
  }

  /**
   * Does something in a thread of its own and waits for it, whatever interrupts: a file channel
   * closes when the thread that uses it is interrupted.
   */
  static void apart(String name, Task task) throws IOException {
    FutureTask<@Nullable Void> done =
        new FutureTask<>(() -> {
          task.run();
          return null;
        });
    try {
      join(Thread.ofPlatform().name(name).start(done));
    } catch (OutOfMemoryError _) { // there is no room for a thread
      done.run();
    }
    if (done.state() == Future.State.FAILED) {
      switch (done.exceptionNow()) {
        case IOException e -> throw e;
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable e -> throw new AssertionError("a task throws nothing else", e);
      }
    }
  }

  /** Waits until a thread has ended, if it was started, whatever interrupts. */
  static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
