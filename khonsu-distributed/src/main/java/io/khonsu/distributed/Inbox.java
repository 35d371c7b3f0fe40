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

  /** Whether somebody was woken, who has not come yet. */
  private boolean isWoken;

  private boolean closed;

  Inbox(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** {@return whether the action will be run; not if there is no room, or the loop has ended} */
  boolean offer(long bytes, Runnable action) {
    lock.lock();
    try {
      boolean isTaken = offerQuietly(bytes, action);
      if (isTaken) {
        wake();
      }
      return isTaken;
    } finally {
      lock.unlock();
    }
  }

  /** The same, but wakes nobody: who calls this sees to it that the action is run soon. */
  boolean offerQuietly(long bytes, Runnable action) {
    lock.lock();
    try {
      if (closed || sizeBytes + bytes > limitBytes) {
        return false;
      }
      sizeBytes += bytes;
      items.add(new Item(action, bytes));
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

  /** Ends the wait of {@link #await}, or the next one. */
  void wake() {
    lock.lock();
    try {
      isWoken = true;
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** {@return whether the one who waits comes anyway} */
  boolean isWoken() {
    lock.lock();
    try {
      return isWoken;
    } finally {
      lock.unlock();
    }
  }

  boolean isEmpty() {
    lock.lock();
    try {
      return items.isEmpty();
    } finally {
      lock.unlock();
    }
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

  /** Waits until something is there, or until it is woken, for at most so long. */
  void await(long nanos) throws InterruptedException {
    lock.lock();
    try {
      long left = nanos;
      while (items.isEmpty() && !isWoken && !closed && left > 0) {
        left = filled.awaitNanos(left);
      }
      isWoken = false;
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
