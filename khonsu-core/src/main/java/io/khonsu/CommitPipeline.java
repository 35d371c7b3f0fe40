package io.khonsu;

import io.khonsu.mvcc.CommitRecord;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Storage;
import io.khonsu.spi.StorageFullException;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes certified commits durable, then visible, in the order of their versions: one platform
 * thread follows the list of commit records, and gives the storage at once whatever came together
 * while it was busy.
 *
 * <p>A commit that the storage refuses, or that cannot be encoded, is withdrawn, alone. When the
 * storage does not know what became of a commit, nothing goes on: the outcome of that commit and of
 * all behind it is unknown, and the store has stopped. Thread-safe.
 */
final class CommitPipeline implements AutoCloseable {
  /*
   * Who wakes whom, without a lock that all have to pass:
   *
   *   the log's thread   says that it is idle, looks once more for a record, then parks
   *   a committer        appends its record, encodes it, then unparks that thread if it is idle
   *   the log's thread   decides a commit, then unparks its committer if that waits
   *   a committer        says that it waits, looks once more whether it is decided, then parks
   */
  private static final Logger LOG = LoggerFactory.getLogger(CommitPipeline.class);
  private static final int GROUP_MAX = 1_024;

  private final TxnBuffer<StoredValue> buffer;
  private final Storage storage;
  private final CommitEncoder encoder;
  private final Thread thread;

  /**
   * By version: those that one of the two threads has met; taken out by the committer. A skip list,
   * as it has no monitors: where a virtual thread waits for one it may hold its carrier.
   */
  private final ConcurrentMap<Long, PendingCommit> pending = new ConcurrentSkipListMap<>();

  /** The last record that was published or withdrawn. Written by the thread. */
  private volatile CommitRecord<StoredValue> last;

  private volatile boolean idle;
  private volatile boolean closing;
  private volatile @Nullable IOException failure;

  /** Set when the thread ends, for whatever reason. */
  private volatile boolean ended;

  /** For those who wait for commits of others. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition handled = lock.newCondition();

  /** How many wait there. */
  private final AtomicInteger waiting = new AtomicInteger();

  CommitPipeline(TxnBuffer<StoredValue> buffer, Storage storage, CommitEncoder encoder) {
    this.buffer = buffer;
    this.storage = storage;
    this.encoder = encoder;
    this.last = buffer.newestRecord();
    this.thread = Thread.ofPlatform().name("khonsu-commit-log").daemon().unstarted(this::loop);
  }

  /** Begins with the commits after those that the buffer holds now. */
  void start() {
    last = buffer.newestRecord();
    thread.start();
  }

  /**
   * Encodes a commit, and waits until it is durable and visible. Called once for each, by the
   * thread that commits it and no other.
   *
   * @throws StorageRejectedException if the storage refused it; it never happened
   * @throws MergeFailedException if it could not be merged; it never happened
   * @throws UnavailableException if the storage has no space for it; it never happened
   * @throws CommitOutcomeUnknownException if the storage failed
   */
  void await(CommitRecord<StoredValue> record) {
    long version = record.version();
    PendingCommit mine = new PendingCommit(record);
    PendingCommit met = pending.putIfAbsent(version, mine);
    PendingCommit commit = met == null ? mine : met;
    if (met == null) {
      if (!commit.isMerged()) {
        commit.encode(encoder, storage);
      }
      wakeThread();
    }
    if (ended) {
      commit.unknown();
    }
    commit.await();
    pending.remove(version);
    if (commit.isRefused()) {
      throw refused(record.transactionId(), Objects.requireNonNull(commit.refusal()));
    }
    if (!commit.isVisible()) {
      throw new CommitOutcomeUnknownException(record.transactionId(), failure);
    }
  }

  private static RuntimeException refused(long transactionId, IOException cause) {
    if (cause instanceof StorageFullException) {
      return new UnavailableException(String.valueOf(cause.getMessage()), cause);
    }
    return cause.getCause() instanceof RuntimeException failure && isTheirs(failure)
        ? failure
        : new StorageRejectedException(transactionId, cause);
  }

  /** {@return whether a commit failed on its own merges, before the storage was asked} */
  private static boolean isTheirs(RuntimeException failure) {
    return failure instanceof MergeFailedException
        || failure instanceof LimitExceededException
        || failure instanceof StorageException
        || failure instanceof UnavailableException;
  }

  private void wakeThread() {
    if (idle) {
      LockSupport.unpark(thread);
    }
  }

  /** {@return what says that the storage has failed, or null if it has not} */
  @Nullable StorageException stopped() {
    IOException cause = failure;
    return cause == null
        ? null
        : new StorageException(
            "the storage has failed and the store has stopped: close it and open it again", cause);
  }

  /** Waits until the commits up to a version were published or withdrawn. */
  void awaitHandled(long version) {
    awaitHandledOrNever(version);
    if (last.version() < version) {
      StorageException stopped = stopped();
      throw stopped == null ? new StoreClosedException() : stopped;
    }
  }

  /** Waits likewise, or until that will not happen any more. */
  void awaitHandledOrNever(long version) {
    MergeStep.checkMayWait();
    lock.lock();
    try {
      var _ = waiting.incrementAndGet();
      while (last.version() < version && !ended) {
        handled.awaitUninterruptibly();
      }
    } finally {
      var _ = waiting.decrementAndGet();
      lock.unlock();
    }
  }

  /** Waits until the commits so far were published or withdrawn. */
  void awaitAllHandled() {
    awaitHandled(buffer.pendingVersion());
  }

  private void loop() {
    try {
      List<PendingCommit> group = nextGroup();
      while (!group.isEmpty()) {
        handle(group);
        group = nextGroup();
      }
      end(null);
    } catch (UncertainOutcomeException e) {
      end(e);
    } catch (RuntimeException | Error e) {
      end(new IOException("the commit log has stopped", e));
    }
  }

  /** {@return the next commits to make durable; none when the store closes and all are} */
  private List<PendingCommit> nextGroup() {
    List<PendingCommit> group = new ArrayList<>();
    gather(group);
    while (group.isEmpty() && !(closing && last.next() == null)) {
      idle = true;
      gather(group);
      if (group.isEmpty() && !(closing && last.next() == null)) {
        LockSupport.park(this);
      }
      idle = false;
      gather(group);
    }
    return group;
  }

  /** Adds the commits that are encoded, up to one that its own thread is still encoding. */
  private void gather(List<PendingCommit> group) {
    CommitRecord<StoredValue> from = group.isEmpty() ? last : group.getLast().record();
    CommitRecord<StoredValue> next = from.next();
    while (next != null && group.size() < GROUP_MAX) {
      PendingCommit commit = met(next);
      if (commit.isMerged() && !commit.isEncoded()) {
        commit.encode(encoder, storage); // here, as it depends on those before
      }
      if (!commit.isEncoded()) {
        return;
      }
      group.add(commit);
      next = next.next();
    }
  }

  private PendingCommit met(CommitRecord<StoredValue> record) {
    PendingCommit mine = new PendingCommit(record);
    PendingCommit met = pending.putIfAbsent(record.version(), mine);
    if (met != null) {
      return met;
    }
    mine.encode(encoder, storage);
    return mine;
  }

  /** Handles commits in their order; one that is refused splits the group. */
  private void handle(List<PendingCommit> group) throws UncertainOutcomeException {
    int most = group.size();
    int at = 0;
    while (at < group.size()) {
      List<PendingCommit> offered = encodable(group.subList(at, Math.min(group.size(), at + most)));
      IOException cause = offered.isEmpty() ? group.get(at).refusal() : offer(offered);
      if (cause == null) {
        publish(offered);
        at += offered.size();
      } else if (offered.size() > 1) {
        most = 1; // to find the one to blame
      } else {
        refuse(group.get(at), cause);
        at++;
        encodeMergedAgain(group.subList(at, group.size()));
      }
    }
  }

  private static List<PendingCommit> encodable(List<PendingCommit> group) {
    int count = 0;
    while (count < group.size() && group.get(count).refusal() == null) {
      count++;
    }
    return group.subList(0, count);
  }

  /** What was refused may have been merged into those behind it. */
  private void encodeMergedAgain(List<PendingCommit> group) {
    for (PendingCommit commit : group) {
      if (commit.isMerged()) {
        commit.encode(encoder, storage);
      }
    }
  }

  /** {@return null if the storage persisted the commits, else why it persisted none} */
  private @Nullable IOException offer(List<PendingCommit> group) throws UncertainOutcomeException {
    List<CommittedTransaction> commits = new ArrayList<>(group.size());
    for (PendingCommit each : group) {
      commits.add(Objects.requireNonNull(each.commit(), "it was encoded"));
    }
    try {
      storage.commit(commits);
      return null;
    } catch (UncertainOutcomeException e) {
      throw e;
    } catch (IOException e) {
      return e;
    }
  }

  private void publish(List<PendingCommit> group) {
    buffer.publish(group.getLast().record());
    finish(group.getLast().record());
    group.forEach(PendingCommit::visible);
  }

  private void refuse(PendingCommit commit, IOException cause) {
    buffer.withdraw(commit.record());
    finish(commit.record());
    commit.refuse(cause);
  }

  private void finish(CommitRecord<StoredValue> record) {
    last = record;
    if (waiting.get() > 0) {
      wakeWaiting();
    }
  }

  private void wakeWaiting() {
    lock.lock();
    try {
      handled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void end(@Nullable IOException cause) {
    failure = cause;
    ended = true;
    pending.values().forEach(PendingCommit::unknown);
    wakeWaiting();
    buffer.wakeAll(); // who waits for a change would wait in vain
    if (cause != null) { // last, as there may be no memory left for it
      LOG.atError().setCause(cause).log("the storage has failed, the store has stopped");
    }
  }

  /** Finishes the commits that were certified, and ends the thread. */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
