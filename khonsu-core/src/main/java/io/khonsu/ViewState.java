package io.khonsu;

import io.khonsu.internal.arrow.DiffBuilder;
import io.khonsu.internal.arrow.Gather;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.arrow.memory.OutOfMemoryException;

/**
 * What an open transaction or snapshot holds, apart from the object that its user holds, so that it
 * can be released when the user has lost that.
 *
 * <p>States: idle; busy, while a thread is inside a method; abandoned, while a thread is inside a
 * method and the object is lost already, so that it ends when the thread leaves; ended; cut off,
 * when the store was closed first. Whoever makes it busy owns everything in it.
 */
class ViewState implements Runnable {
  private static final VarHandle STATE;
  private static final VarHandle PASSES;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(ViewState.class, "state", int.class);
      PASSES = MethodHandles.lookup().findVarHandle(ViewState.class, "passes", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long CUT_OFF_PAUSE_NANOS = 50_000;

  private static final int IDLE = 0;
  private static final int BUSY = 1;
  private static final int ENDED = 2;
  private static final int CUT_OFF = 3;
  private static final int ABANDONED = 4;

  private final io.khonsu.mvcc.Snapshot<StoredValue> snapshot;
  private final OpenViews registry;
  private final long openedMillis;
  private final List<AutoCloseable> owned = new ArrayList<>(0);

  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private volatile int state = IDLE;

  /**
   * How often a thread has left a method, or might have. Written by the one inside, through its
   * VarHandle.
   */
  @SuppressWarnings("UnusedVariable")
  private int passes;

  ViewState(io.khonsu.mvcc.Snapshot<StoredValue> snapshot, OpenViews registry, long openedMillis) {
    this.snapshot = snapshot;
    this.registry = registry;
    this.openedMillis = openedMillis;
  }

  io.khonsu.mvcc.Snapshot<StoredValue> snapshot() {
    return snapshot;
  }

  /** {@return the snapshot whose version a commit names} For who is inside, as all that reads. */
  io.khonsu.mvcc.Snapshot<StoredValue> snapshotToCommit() {
    return snapshot();
  }

  /** {@return when it was opened, in milliseconds since the epoch} */
  long openedMillis() {
    return openedMillis;
  }

  /** {@return the result of something that uses what this holds, and that no other thread joins} */
  <T> T during(Supplier<T> operation) {
    enter();
    try {
      return operation.get();
    } finally {
      leave();
    }
  }

  /** Begins a method; it must {@link #leave} or {@link #end}. */
  void enter() {
    if (STATE.compareAndSet(this, IDLE, BUSY)) {
      assert Inside.entered();
      return;
    }
    switch ((int) STATE.getVolatile(this)) {
      case ENDED -> throw new TransactionClosedException("it has ended: begin a new one");
      case CUT_OFF -> throw new StoreClosedException();
      default ->
          throw new ConcurrentUseException("another thread is using it: give each thread its own");
    }
  }

  void leave() {
    assert Inside.left();
    PASSES.setRelease(this, passes + 1);
    if (!STATE.compareAndSet(this, BUSY, IDLE)) {
      endAbandoned();
    }
  }

  /** Says that this thread, which has entered, uses no batch that it has looked for until now. */
  void usesNothing() {
    PASSES.setRelease(this, passes + 1);
    VarHandle
        .fullFence(); // as the change of state is for who leaves: what it looks for, it finds later
  }

  /** Ends the view that this thread has entered, and releases what it holds. */
  void end() {
    assert Inside.left();
    finish();
  }

  private void finish() {
    release();
    STATE.setRelease(this, ENDED);
  }

  /**
   * {@return whether it had not ended, and this thread has entered it}
   *
   * @throws ConcurrentUseException if another thread is inside
   */
  boolean enterUnlessEnded() {
    if (STATE.compareAndSet(this, IDLE, BUSY)) {
      assert Inside.entered();
      return true;
    }
    if (!isEnded() && !wasCutOff()) {
      throw new ConcurrentUseException("another thread is using it: end it there");
    }
    return false;
  }

  /** {@return whether it was committed, rolled back or closed; not whether the store was closed} */
  boolean isEnded() {
    return (int) STATE.getVolatile(this) == ENDED;
  }

  /**
   * {@return how often threads have left, if one is inside; else a negative number} While one is
   * inside it may use batches without holding a reference to them; see {@link Grace}.
   */
  int insideSince() {
    int seen = (int) STATE.getVolatile(this);
    return seen == BUSY || seen == ABANDONED
        ? (int) PASSES.getAcquire(this) & Integer.MAX_VALUE
        : -1;
  }

  private boolean wasCutOff() {
    return (int) STATE.getVolatile(this) == CUT_OFF;
  }

  /** Ends the view because the store closes; waits for a method that is under way. */
  void cutOff() {
    while (!STATE.compareAndSet(this, IDLE, CUT_OFF)) {
      if (isEnded() || wasCutOff()) {
        return;
      }
      LockSupport.parkNanos(CUT_OFF_PAUSE_NANOS);
    }
    release();
  }

  /** Releases what was left open by a user who lost the object. */
  @Override
  public void run() {
    while (!isEnded() && !wasCutOff()) {
      if (STATE.compareAndSet(this, IDLE, BUSY)) {
        endAbandoned();
      } else if (STATE.compareAndSet(this, BUSY, ABANDONED)) {
        return; // a thread reads on, in a method that needs the object no more, or in a result
      }
    }
  }

  private void endAbandoned() {
    registry.reportAbandoned(snapshot.version());
    finish();
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

  /** {@return the rows of a diff as vectors that this owns} */
  @SuppressWarnings("MustBeClosedChecker") // moves into what this owns
  RecordBatch export(DiffBuilder rows, Memory memory) {
    return own(within(() -> RecordBatch.consume(rows.toVectors(memory.reads()), memory)));
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

  /** Which threads are inside a view: for the assertion that nobody else reads a batch. */
  static final class Inside {
    private static final Map<Thread, Integer> DEPTHS = new ConcurrentHashMap<>();

    private Inside() {}

    static boolean isThis() {
      return DEPTHS.containsKey(Thread.currentThread());
    }

    private static boolean entered() {
      DEPTHS.merge(Thread.currentThread(), 1, Integer::sum);
      return true;
    }

    private static boolean left() {
      DEPTHS.computeIfPresent(Thread.currentThread(), (_, depth) -> depth == 1 ? null : depth - 1);
      return true;
    }
  }
}
