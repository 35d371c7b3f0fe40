package io.khonsu.durable;

import io.khonsu.Durability;
import io.khonsu.spi.CommitLog;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what was logged into the state, on a thread of its own, and lets the log go of what is safe
 * there. It is handed the commits as they were logged; when more wait than it may keep, it reads
 * them from the log instead.
 *
 * <p>The log is bounded by bytes: the state is flushed whenever so much was applied, and who logs
 * waits when too much is not yet flushed. Thread-safe.
 */
final class StateApplier implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StateApplier.class);
  private static final long QUEUE_MAX_BYTES = 32L << 20;
  private static final long BATCH_MAX_BYTES = 4L << 20;
  private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long BYTES_PER_MARK = 64L << 10;

  private final CommitLog log;
  private final StateStore state;
  private final LogHolds holds;
  private final DurableSettings settings;
  private final long flushBytes;
  private final Thread thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** What waits to be applied, without a gap, oldest first. Guarded by the lock, as all below. */
  private final ArrayDeque<CommittedTransaction> queue = new ArrayDeque<>();

  private long queuedBytes;

  /** Whether commits were logged that are not in the queue, behind those that are. */
  private boolean missed;

  private long loggedBytes;
  private long flushedBytes;

  /** How many bytes were logged up to some versions that are not yet flushed. */
  private final ArrayDeque<Mark> marks = new ArrayDeque<>();

  /** The version that someone waits for to be flushed. */
  private long flushTarget;

  private boolean closing;
  private @Nullable IOException failure;

  /** Used by the thread alone: what was applied since the last flush. */
  private long unflushedBytes;

  private record Mark(long version, long loggedBytes) {}

  /** Creates an applier of a log that may hold more than the state. */
  StateApplier(CommitLog log, StateStore state, LogHolds holds, DurableSettings settings) {
    this.log = log;
    this.state = state;
    this.holds = holds;
    this.settings = settings;
    this.flushBytes = settings.logSizeMaxBytes() / 4;
    this.missed = log.lastVersion() > state.appliedVersion();
    this.thread = Thread.ofPlatform().daemon().name("khonsu-state").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /**
   * Waits while too much is logged that is not safe in the state.
   *
   * @throws IOException if it never will be
   */
  void awaitRoom() throws IOException {
    lock.lock();
    try {
      while (failure == null && loggedBytes - flushedBytes > settings.logSizeMaxBytes()) {
        changed.awaitUninterruptibly();
      }
      checkRunning();
    } finally {
      lock.unlock();
    }
  }

  private void checkRunning() throws IOException {
    if (failure != null) {
      throw new IOException(
          "the state cannot be written: close the store and open it again", failure);
    }
  }

  /** Takes commits that were logged, in their order. */
  void offer(List<CommittedTransaction> commits) {
    lock.lock();
    try {
      for (CommittedTransaction commit : commits) {
        long size = commit.record().bytes().length;
        loggedBytes += size;
        missed = missed || queuedBytes + size > QUEUE_MAX_BYTES;
        if (!missed) {
          queue.add(commit);
          queuedBytes += size;
        }
      }
      if (marks.isEmpty() || loggedBytes - marks.getLast().loggedBytes >= BYTES_PER_MARK) {
        marks.add(new Mark(commits.getLast().version(), loggedBytes));
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all that was logged before this call is applied and flushed. */
  void flush() throws IOException {
    lock.lock();
    try {
      long target = log.lastVersion();
      flushTarget = Math.max(flushTarget, target);
      changed.signalAll();
      while (failure == null && state.flushedVersion() < target) {
        changed.awaitUninterruptibly();
      }
      checkRunning();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      while (awaitWork()) {
        step();
      }
      flushAndTrim();
    } catch (IOException | RuntimeException | Error e) {
      fail(e instanceof IOException io ? io : new IOException("applying has stopped", e));
      LOG.atError().setCause(e).log("the state cannot be written, commits are refused from now on");
    }
  }

  private void step() throws IOException {
    List<CommittedTransaction> commits = takeQueued();
    if (!commits.isEmpty()) {
      apply(commits);
    } else if (isBehind()) {
      readFromLog();
    }
    if (unflushedBytes >= flushBytes || isFlushWanted()) {
      flushAndTrim();
    }
  }

  private void fail(IOException cause) {
    lock.lock();
    try {
      failure = cause;
      queue.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** {@return whether there is something to do; false when the store closes and all is done} */
  private boolean awaitWork() {
    lock.lock();
    try {
      while (queue.isEmpty() && !missed && !isFlushDue() && !closing) {
        changed.awaitUninterruptibly();
      }
      if (settings.durability().mode() != Durability.Mode.SYNC) {
        gather();
      }
      return !queue.isEmpty() || missed || !closing;
    } finally {
      lock.unlock();
    }
  }

  /** Lets more commits come, as what is applied must be synced before, by this thread. */
  private void gather() {
    long left = GATHER_NANOS;
    try {
      while (left > 0 && queuedBytes < BATCH_MAX_BYTES && !missed && !isUrgent()) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts this thread", e);
    }
  }

  private boolean isUrgent() {
    return closing || state.flushedVersion() < flushTarget;
  }

  private List<CommittedTransaction> takeQueued() {
    lock.lock();
    try {
      List<CommittedTransaction> taken = new ArrayList<>();
      long size = 0;
      while (!queue.isEmpty() && size < BATCH_MAX_BYTES) {
        CommittedTransaction commit = queue.remove();
        size += commit.record().bytes().length;
        taken.add(commit);
      }
      queuedBytes -= size;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private boolean isBehind() {
    lock.lock();
    try {
      return missed;
    } finally {
      lock.unlock();
    }
  }

  private void apply(List<CommittedTransaction> commits) throws IOException {
    if (commits.isEmpty()) {
      return;
    }
    if (log.syncedVersion() < commits.getLast().version()) {
      log.sync(); // the engine may flush the state at any time, and it must not be ahead of its log
    }
    state.apply(commits);
    commits.forEach(commit -> unflushedBytes += commit.record().bytes().length);
  }

  /** Applies what was missed, up to the end of the log; then the queue may be used again. */
  private void readFromLog() throws IOException {
    List<CommittedTransaction> commits = new ArrayList<>();
    long[] size = {0};
    log.read(
        state.appliedVersion(),
        record -> {
          commits.add(TransactionCodec.decode(record.bytes()));
          size[0] += record.bytes().length;
          if (size[0] >= BATCH_MAX_BYTES) {
            apply(commits);
            commits.clear();
            size[0] = 0;
            flushWhenDue();
          }
        });
    apply(commits);
    lock.lock();
    try {
      missed = state.appliedVersion() < log.lastVersion();
    } finally {
      lock.unlock();
    }
  }

  private void flushWhenDue() throws IOException {
    if (unflushedBytes >= flushBytes) {
      flushAndTrim();
    }
  }

  private boolean isFlushWanted() {
    lock.lock();
    try {
      return isFlushDue();
    } finally {
      lock.unlock();
    }
  }

  private boolean isFlushDue() {
    return state.flushedVersion() < flushTarget && state.appliedVersion() >= flushTarget;
  }

  private void flushAndTrim() throws IOException {
    long version = state.flush();
    unflushedBytes = 0;
    trim(version);
    lock.lock();
    try {
      while (!marks.isEmpty() && marks.getFirst().version <= version) {
        flushedBytes = marks.remove().loggedBytes;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void trim(long flushedVersion) throws IOException {
    if (log.sizeBytes() < flushBytes) {
      return; // small enough to be kept as it is
    }
    log.trim(Math.min(flushedVersion, holds.oldest()));
    if (log.sizeBytes() > settings.heldLogMaxBytes() + settings.logSizeMaxBytes()) {
      log.trim(flushedVersion);
      if (log.trimmedVersion() > holds.oldest()) {
        LOG.atWarn()
            .addKeyValue("trimmedVersion", log.trimmedVersion())
            .log("the log was trimmed though it is held: what archives it has a gap");
        holds.breakAt(log.trimmedVersion());
      }
    }
  }

  /** Applies all that was logged, flushes, and ends the thread. */
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
