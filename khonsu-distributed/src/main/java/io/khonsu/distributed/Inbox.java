package io.khonsu.distributed;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What waits for the event loop, from any thread, up to a number of bytes. Thread-safe. */
final class Inbox {
  /** What an action counts at least. */
  static final int ACTION_BYTES = 64;

  private record Item(Runnable action, long sizeBytes) {}

  private final long limitBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private ArrayDeque<Item> items = new ArrayDeque<>();
  private long sizeBytes;
  private boolean closed;

  Inbox(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** {@return whether the action will be run; not if there is no room, or the loop has ended} */
  boolean offer(long bytes, Runnable action) {
    lock.lock();
    try {
      if (closed || sizeBytes + bytes > limitBytes) {
        return false;
      }
      sizeBytes += bytes;
      items.add(new Item(action, bytes));
      filled.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Runs what is there now, in the order of arrival; {@return how many that was} Whoever waits for
   * one of the actions waits in vain if it is not run, so all are, also after one has failed: then
   * the first failure is thrown at the end.
   */
  int runAll() {
    ArrayDeque<Item> taken = new ArrayDeque<>();
    lock.lock();
    try {
      ArrayDeque<Item> empty = taken;
      taken = items;
      items = empty;
      sizeBytes = 0;
    } finally {
      lock.unlock();
    }
    int count = taken.size();
    Failures failures = new Failures();
    taken.forEach(item -> failures.during(item.action));
    failures.rethrow();
    return count;
  }

  /** {@return the size of what waits} */
  long sizeBytes() {
    lock.lock();
    try {
      return sizeBytes;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until something is there, for at most so long. */
  void await(long nanos) throws InterruptedException {
    lock.lock();
    try {
      long left = nanos;
      while (items.isEmpty() && !closed && left > 0) {
        left = filled.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes nothing more. */
  void close() {
    lock.lock();
    try {
      closed = true;
      filled.signal();
    } finally {
      lock.unlock();
    }
  }
}
