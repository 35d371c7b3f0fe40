package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Somebody who waits until something that a transaction has read is changed: see {@link
 * TxnBuffer#awaitChange}. Must be closed. Thread-safe.
 */
public final class Waiter implements AutoCloseable {
  private static final VarHandle WOKEN;

  static {
    try {
      WOKEN = MethodHandles.lookup().findVarHandle(Waiter.class, "woken", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Who came first is woken first. */
  final long number;

  final ReadSet<?> reads;
  private final Waiters<?> registry;
  private final Runnable wakeUp;

  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private boolean woken;

  private boolean closed;

  Waiter(Waiters<?> registry, long number, ReadSet<?> reads, Runnable wakeUp) {
    this.registry = registry;
    this.number = number;
    this.reads = reads;
    this.wakeUp = wakeUp;
  }

  /** Wakes, once. */
  void wake() {
    if (WOKEN.compareAndSet(this, false, true)) {
      wakeUp.run();
    }
  }

  /** Waits no more; a wake-up that is under way may still come. Closing twice does nothing. */
  @Override
  public void close() {
    registry.remove(this);
  }

  /** {@return whether this is the first call} Under the registry's lock. */
  boolean closeOnce() {
    boolean isFirst = !closed;
    closed = true;
    return isFirst;
  }
}
