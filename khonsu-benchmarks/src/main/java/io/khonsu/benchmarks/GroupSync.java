package io.khonsu.benchmarks;

import java.io.IOException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets threads share syncs: one of those that wait syncs for all that came before it started, the
 * others that came meanwhile are served by the next.
 */
final class GroupSync {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition synced = lock.newCondition();
  private final Sync sync;
  private long arrivals;
  private long served;
  private boolean syncing;

  GroupSync(Sync sync) {
    this.sync = sync;
  }

  /** Makes durable what was done before it is called. Called by one thread at a time. */
  @FunctionalInterface
  interface Sync {
    void run() throws IOException;
  }

  /** Returns when a sync that began after this call has ended. */
  void await() throws IOException, InterruptedException {
    lock.lock();
    try {
      long ticket = ++arrivals;
      while (served < ticket) {
        if (syncing) {
          synced.await();
        } else {
          lead();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void lead() throws IOException {
    long upTo = arrivals;
    syncing = true;
    lock.unlock();
    try {
      sync.run();
    } finally {
      lock.lock();
      syncing = false;
      synced.signalAll(); // also after a failure: who waits leads the next
    }
    served = upTo;
  }
}
