package io.khonsu.durable;

import io.khonsu.Durability;
import io.khonsu.spi.CommitLog;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does now and then, on a thread of its own, what commits need not wait for: syncs the log in ASYNC
 * mode, and notes in the store's file how far it is synced. Thread-safe.
 */
final class LogKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LogKeeper.class);
  private static final long NOTE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final CommitLog log;
  private final StoreFile file;
  private final Durability durability;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by the lock. */
  private boolean closing;

  private volatile @Nullable IOException failure;

  LogKeeper(CommitLog log, StoreFile file, Durability durability) {
    this.log = log;
    this.file = file;
    this.durability = durability;
    this.thread = Thread.ofPlatform().daemon().name("khonsu-log-keeper").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** {@return why it could not go on, or null} */
  @Nullable IOException failure() {
    return failure;
  }

  private void run() {
    try {
      long pause = NOTE_NANOS;
      boolean isAsync = durability.mode() == Durability.Mode.ASYNC;
      if (isAsync) {
        pause = Math.min(pause, durability.maxDelay().toNanos());
      }
      long sinceNoted = 0;
      while (!rest(pause)) {
        sinceNoted += pause;
        if (isAsync) {
          log.sync();
        }
        if (sinceNoted >= NOTE_NANOS) {
          note();
          sinceNoted = 0;
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      failure = e instanceof IOException io ? io : new IOException("keeping the log failed", e);
      LOG.atError().setCause(e).log("the log cannot be kept, commits are refused from now on");
    }
  }

  private void note() throws IOException {
    if (log.syncedVersion() > file.content().syncedVersion()) {
      file.update(StoreFile.Phase.IN_USE, log.syncedVersion());
    }
  }

  /** {@return whether the store closed before the time was over} */
  private boolean rest(long nanos) {
    lock.lock();
    try {
      long left = nanos;
      while (!closing && left > 0) {
        left = changed.awaitNanos(left);
      }
      return closing;
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts this thread", e);
    } finally {
      lock.unlock();
    }
  }

  /** Ends the thread. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    Threads.join(thread);
  }
}
