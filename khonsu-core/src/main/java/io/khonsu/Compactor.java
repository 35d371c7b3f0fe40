package io.khonsu;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compacts the tables of a store: in the background at a pace, and on demand. Thread-safe.
 *
 * <p>The thread looks once a second whether anything was committed. While there are commits it
 * moves only what lies in very short runs, as the rest may change again, and looks less often if
 * that is little or nobody scans; after them, once, all that scans would gain from. It rests after
 * every part for as long as the pace demands.
 */
final class Compactor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Compactor.class);
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Runs that are shorter on average are moved while others commit. */
  private static final int SHORT_RUN_ROWS = 64;

  /** Looking at so many rows counts as moving one. */
  private static final int VISITS_PER_MOVE = 8;

  /** Moving rows may leave so few in their old batches that the next pass moves these. */
  private static final int PASSES_MAX = 4;

  private final TransactionManager manager;
  private final DroppedTables droppedTables;
  private final CompactionCounts counts;
  private final long rowsPerSecond;
  private final Thread thread;

  /** Held during a step. Taken before every other lock but the store's own monitor. */
  private final ReentrantLock stepping = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition closed = lock.newCondition();
  private volatile boolean closing;

  /** When memory was last tended; who is a little wrong does so twice. */
  private volatile long tendedNanos = System.nanoTime();

  /** The newest version a second ago; whether all that scans would gain from was moved since. */
  private long handled = -1;

  private boolean isThorough;

  /** How many rows were looked at one by one, on whosever behalf. */
  private final LongAdder visited = new LongAdder();

  private final LookPace lookPace = new LookPace();

  /** After this no step begins. Guarded by {@code stepping}. */
  private boolean ended;

  Compactor(
      TransactionManager manager,
      DroppedTables droppedTables,
      CompactionCounts counts,
      long rowsPerSecond) {
    this.manager = manager;
    this.droppedTables = droppedTables;
    this.counts = counts;
    this.rowsPerSecond = rowsPerSecond;
    this.thread = Thread.ofPlatform().name("khonsu-compaction").daemon().unstarted(this::loop);
  }

  /** Begins to work in the background, if there is work. */
  void start() {
    if (rowsPerSecond > 0 || manager.memory().needsTending()) {
      thread.start();
    }
  }

  /**
   * Compacts all tables now.
   *
   * @throws UnavailableException if memory is short; what was moved until then is
   * @throws StoreClosedException if the store is closed meanwhile
   */
  void runToEnd() {
    unlessEnded(manager.buffer()::collect);
    long moved = -1;
    for (int pass = 0; pass < PASSES_MAX && moved != counts.rowsMoved(); pass++) {
      moved = counts.rowsMoved();
      pass(Fragments.LONG_RUN_ROWS, Long.MAX_VALUE);
    }
    if (closing) {
      throw new StoreClosedException();
    }
  }

  /** Ends the thread, and waits for a step of another one. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      closed.signalAll();
    } finally {
      lock.unlock();
    }
    stepping.lock();
    try {
      ended = true;
    } finally {
      stepping.unlock();
    }
  }

  private void loop() {
    boolean compacts = rowsPerSecond > 0;
    while (!rest(PAUSE_NANOS)) {
      compacts = compacts && compactIfDue();
      tendMemory();
    }
  }

  /** {@return whether it may go on} */
  private boolean compactIfDue() {
    try {
      long newest = manager.buffer().newestVersion();
      boolean isQuiet = newest == handled;
      handled = newest;
      if (isQuiet) {
        isThorough = isThorough || tryPass(Fragments.LONG_RUN_ROWS);
      } else {
        isThorough = false;
        lookIfDue();
      }
      return true;
    } catch (RuntimeException | Error e) {
      LOG.atError().setCause(e).log("compaction has stopped; the store goes on without it");
      return false;
    }
  }

  private void lookIfDue() {
    boolean isDue = lookPace.isDue(manager.buffer().takeScanned());
    boolean isMemoryShort = manager.memory().usedBytes() > manager.memory().headroomBytes();
    if (isDue || isMemoryShort) {
      long visitedBefore = visited.sum();
      long movedBefore = counts.rowsMoved();
      var _ = tryPass(SHORT_RUN_ROWS);
      lookPace.looked(visited.sum() - visitedBefore, counts.rowsMoved() - movedBefore);
    }
  }

  /** Frees what is not needed, and makes room for what is read: once a second, come what may. */
  private void tendMemory() {
    long now = System.nanoTime();
    if (now - tendedNanos < PAUSE_NANOS) {
      return;
    }
    tendedNanos = now;
    try {
      unlessEnded(() -> {
        manager.buffer().reclaim();
        manager.memory().tend();
      });
    } catch (RuntimeException | Error e) {
      LOG.atError().setCause(e).log("cold batches cannot leave memory now; it is tried again");
    }
  }

  /** {@return whether there was memory enough} */
  private boolean tryPass(int runRows) {
    try {
      pass(runRows, rowsPerSecond);
      return true;
    } catch (UnavailableException e) {
      LOG.atDebug().setCause(e).log("compaction waits for memory");
      return false;
    } catch (StorageException e) {
      LOG.atWarn().setCause(e).log("compaction was left until there are other commits");
      return true;
    }
  }

  private void pass(int runRows, long pace) {
    for (Table table : droppedTables.catalog().all()) {
      Compaction compaction =
          new Compaction(manager.buffer(), manager.memory(), counts, table, runRows);
      while (!compaction.isDone() && !closing) {
        long before = counts.rowsMoved();
        step(compaction);
        tendMemory();
        visited.add(compaction.visited());
        long work = counts.rowsMoved() - before + compaction.visited() / VISITS_PER_MOVE;
        if (pace < Long.MAX_VALUE && work > 0) {
          restAndTend(TimeUnit.SECONDS.toNanos(work) / pace);
        }
      }
    }
  }

  private void restAndTend(long nanos) {
    for (long left = nanos; left > 0 && !closing; left -= PAUSE_NANOS) {
      var _ = rest(Math.min(left, PAUSE_NANOS));
      tendMemory();
    }
  }

  private void step(Compaction compaction) {
    try {
      unlessEnded(() -> {
        compaction.step();
        manager.buffer().reclaim();
        droppedTables.purge(); // the step's snapshot may have kept one
      });
    } catch (UnavailableException e) {
      counts.failed();
      throw e;
    }
  }

  /** Does something that a store must not be released during, nor afterwards. */
  private void unlessEnded(Runnable work) {
    stepping.lock();
    try {
      if (!ended) {
        work.run();
      }
    } finally {
      stepping.unlock();
    }
  }

  /** {@return whether the store closed before the time was over} */
  private boolean rest(long nanos) {
    lock.lock();
    try {
      long left = nanos;
      while (!closing && left > 0) {
        left = closed.awaitNanos(left);
      }
      return closing;
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts the compaction thread", e);
    } finally {
      lock.unlock();
    }
  }
}
