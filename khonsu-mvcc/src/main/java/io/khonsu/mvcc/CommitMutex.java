package io.khonsu.mvcc;

import java.util.concurrent.locks.AbstractQueuedSynchronizer;
import java.util.concurrent.locks.Condition;

/**
 * The lock of the commit section, which carries what every commit writes under it: the newest
 * record. One object, so that where the section passes from core to core, so does that, at the
 * price of one cache miss. Not reentrant, and without a record of its owner.
 *
 * <p>Bounded spinning, because the section lasts a fraction of a microsecond and parking costs
 * many; never unbounded, because with more threads than cores the owner may not be running.
 *
 * @param <V> the type of values
 */
final class CommitMutex<V> extends AbstractQueuedSynchronizer {
  private static final long serialVersionUID = 1;
  private static final int SPINS = 48;

  /** After that the processor is offered to others, as the owner may be waiting for it. */
  private static final int YIELDS = 32;

  /** Between two looks: each takes the cache line away from who holds the lock. */
  private static final int PAUSES = 8;

  /** The newest commit, published or not. Under this lock only. */
  transient CommitRecord<V> tail;

  /** The version of {@link #tail}. */
  transient long tailVersion;

  /** How many commits were appended since the last that {@link DependencyTracker} remembers. */
  transient int appended;

  CommitMutex(CommitRecord<V> origin) {
    this.tail = origin;
    this.tailVersion = origin.version();
  }

  @SuppressWarnings("ThreadPriorityCheck") // a yield makes it faster, and nothing depends on it
  void lock() {
    for (int i = 0; i < SPINS; i++) {
      if (tryLock()) {
        return;
      }
      for (int pause = 0; pause < PAUSES; pause++) {
        Thread.onSpinWait();
      }
    }
    for (int i = 0; i < YIELDS; i++) {
      Thread.yield();
      if (tryLock()) {
        return;
      }
    }
    acquire(1);
  }

  boolean tryLock() {
    return getState() == 0 && compareAndSetState(0, 1);
  }

  void unlock() {
    release(1);
  }

  Condition newCondition() {
    return new ConditionObject();
  }

  @Override
  protected boolean tryAcquire(int ignored) {
    return tryLock();
  }

  @Override
  protected boolean tryRelease(int ignored) {
    setState(0);
    return true;
  }

  /**
   * {@return whether somebody holds this lock} Conditions are for holders only, as all users are.
   */
  @Override
  protected boolean isHeldExclusively() {
    return getState() != 0;
  }
}
