package io.khonsu;

import io.khonsu.internal.arrow.Gather;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.arrow.memory.OutOfMemoryException;

/**
 * What an open transaction or snapshot holds, apart from the object that its user holds, so that it
 * can be released when the user has lost that.
 *
 * <p>States: idle; busy, while a thread is inside a method; ended; being cut off and cut off, when
 * the store is closed first. Whoever makes it busy, or cuts it off, owns everything in it.
 */
final class ViewState implements Runnable {
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(ViewState.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long CUT_OFF_PAUSE_NANOS = 50_000;

  private static final int IDLE = 0;
  private static final int BUSY = 1;
  private static final int ENDED = 2;
  private static final int CUT_OFF = 3;
  private static final int CUTTING_OFF = 4;

  private final io.khonsu.mvcc.Snapshot<StoredValue> snapshot;
  private final OpenViews registry;
  private final List<AutoCloseable> owned = new ArrayList<>(0);

  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private volatile int state = IDLE;

  ViewState(io.khonsu.mvcc.Snapshot<StoredValue> snapshot, OpenViews registry) {
    this.snapshot = snapshot;
    this.registry = registry;
  }

  io.khonsu.mvcc.Snapshot<StoredValue> snapshot() {
    return snapshot;
  }

  /** Begins a method; it must {@link #leave} or {@link #end}. */
  void enter() {
    if (STATE.compareAndSet(this, IDLE, BUSY)) {
      return;
    }
    switch ((int) STATE.getVolatile(this)) {
      case ENDED -> throw new TransactionClosedException("it has ended: begin a new one");
      case CUT_OFF, CUTTING_OFF -> throw new StoreClosedException();
      default -> throw inUse();
    }
  }

  void leave() {
    STATE.setRelease(this, IDLE);
  }

  /** Ends the view that this thread has entered, and releases what it holds. */
  void end() {
    release();
    STATE.setRelease(this, ENDED);
  }

  /** Runs an operation of the view, or of a result that it has handed out. */
  <T> T during(Supplier<T> operation) {
    enter();
    try {
      return operation.get();
    } finally {
      leave();
    }
  }

  /**
   * {@return false if it has ended; else this thread has entered it, and may end it}
   *
   * @throws ConcurrentUseException if another thread is inside a method
   */
  boolean enterUnlessEnded() {
    if (tryEnter()) {
      return true;
    }
    if (isEnded()) {
      return false;
    }
    throw inUse();
  }

  private boolean tryEnter() {
    return STATE.compareAndSet(this, IDLE, BUSY);
  }

  private static ConcurrentUseException inUse() {
    return new ConcurrentUseException("another thread is using it: give each thread its own");
  }

  boolean isEnded() {
    int now = (int) STATE.getVolatile(this);
    return now == ENDED || now == CUT_OFF || now == CUTTING_OFF;
  }

  /** Ends the view because the store closes; waits for a method that is under way. */
  void cutOff() {
    while (!STATE.compareAndSet(this, IDLE, CUTTING_OFF)) {
      int now = (int) STATE.getVolatile(this);
      if (now == ENDED || now == CUT_OFF) {
        return;
      }
      LockSupport.parkNanos(CUT_OFF_PAUSE_NANOS);
    }
    release();
    STATE.setRelease(this, CUT_OFF);
  }

  /** Releases what was left open by a user who lost the object. */
  @Override
  public void run() {
    if (tryEnter()) {
      registry.reportAbandoned(snapshot.version());
      end();
    }
  }

  /** Makes this own something until it ends. */
  <T extends AutoCloseable> T own(T resource) {
    owned.add(resource);
    return resource;
  }

  /** {@return the gathered rows as vectors that this owns} */
  @SuppressWarnings("MustBeClosedChecker") // moves into what this owns
  RecordBatch export(Gather gather, Memory memory) {
    return own(within(() -> RecordBatch.consume(gather.toVectors(memory.reads()), memory)));
  }

  /** Runs something that allocates, and says what to do when memory is out. */
  static <T> T within(Supplier<T> allocating) {
    try {
      return allocating.get();
    } catch (OutOfMemoryException e) {
      throw new UnavailableException(
          "over the memory limit: end transactions, or raise memoryLimitBytes", e);
    }
  }

  private void release() {
    for (AutoCloseable resource : owned.reversed()) {
      close(resource);
    }
    owned.clear();
    snapshot.close();
    registry.remove(this);
  }

  private static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("closing memory throws nothing checked", e);
    }
  }
}
