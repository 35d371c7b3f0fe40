package io.khonsu;

import io.khonsu.mvcc.CommitRecord;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Storage;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
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
  private static final Logger LOG = LoggerFactory.getLogger(CommitPipeline.class);
  private static final int GROUP_MAX = 1_024;

  private final TxnBuffer<StoredValue> buffer;
  private final Storage storage;
  private final CommitEncoder encoder;
  private final Thread thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition handled = lock.newCondition();

  /** The last record that was published or withdrawn. Written by the thread, under the lock. */
  private CommitRecord<StoredValue> last;

  /** The newest record that someone waits for. Guarded by the lock, as is all below. */
  private long wanted;

  private final Map<Long, IOException> refused = new HashMap<>();
  private @Nullable IOException failure;
  private boolean closing;

  /** Set when the thread ends, for whatever reason. */
  private boolean ended;

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
    wanted = last.version();
    thread.start();
  }

  /**
   * Waits until a commit is durable and visible.
   *
   * @throws StorageRejectedException if the storage refused it; it never happened
   * @throws MergeFailedException if it could not be merged; it never happened
   * @throws CommitOutcomeUnknownException if the storage failed
   */
  void await(CommitRecord<StoredValue> record) {
    lock.lock();
    try {
      awaitLocked(record.version());
      IOException cause = refused.remove(record.version());
      if (cause != null
          && cause.getCause() instanceof RuntimeException failed
          && isTheirs(failed)) {
        throw failed;
      }
      if (cause != null) {
        throw new StorageRejectedException(record.transactionId(), cause);
      }
      if (last.version() < record.version()) {
        throw new CommitOutcomeUnknownException(record.transactionId(), failure);
      }
    } finally {
      lock.unlock();
    }
  }

  /** {@return whether a commit failed on its own merges, before the storage was asked} */
  private static boolean isTheirs(RuntimeException failure) {
    return failure instanceof MergeFailedException
        || failure instanceof LimitExceededException
        || failure instanceof UnavailableException;
  }

  /**
   * Refuses new commits after the storage has failed.
   *
   * @throws StorageException if it has
   */
  void checkRunning() {
    lock.lock();
    try {
      if (failure != null) {
        throw stopped();
      }
    } finally {
      lock.unlock();
    }
  }

  private StorageException stopped() {
    return new StorageException(
        "the storage has failed and the store has stopped: close it and open it again", failure);
  }

  /** Waits until the commits up to a version were published or withdrawn. */
  void awaitHandled(long version) {
    lock.lock();
    try {
      awaitLocked(version);
      if (last.version() < version) {
        throw failure == null ? new StoreClosedException() : stopped();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits likewise, or until that will not happen any more. */
  void awaitHandledOrNever(long version) {
    lock.lock();
    try {
      awaitLocked(version);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the commits so far were published or withdrawn. */
  void awaitAllHandled() {
    awaitHandled(buffer.pendingVersion());
  }

  private void awaitLocked(long version) {
    wanted = Math.max(wanted, version);
    work.signal();
    while (last.version() < version && !ended) {
      handled.awaitUninterruptibly();
    }
  }

  private void loop() {
    try {
      List<CommitRecord<StoredValue>> group = nextGroup();
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

  /** {@return the next records to make durable; none when the store closes or has stopped} */
  private List<CommitRecord<StoredValue>> nextGroup() {
    lock.lock();
    try {
      while (last.version() >= wanted && !closing) {
        work.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
    List<CommitRecord<StoredValue>> group = new ArrayList<>();
    CommitRecord<StoredValue> next = last.next();
    while (next != null && group.size() < GROUP_MAX) {
      group.add(next);
      next = next.next();
    }
    return group;
  }

  private void handle(List<CommitRecord<StoredValue>> group) throws UncertainOutcomeException {
    List<CommittedTransaction> commits = new ArrayList<>(group.size());
    IOException defect = encode(group, commits);
    if (!commits.isEmpty()) {
      persist(group.subList(0, commits.size()), commits);
    }
    if (defect != null) {
      refuse(group.get(commits.size()), defect);
    }
  }

  /** Encodes commits up to one that cannot be; {@return why it cannot be, or null} */
  private @Nullable IOException encode(
      List<CommitRecord<StoredValue>> group, List<CommittedTransaction> commits) {
    try {
      for (CommitRecord<StoredValue> record : group) {
        commits.add(encoder.encode(record));
      }
      return null;
    } catch (RuntimeException e) {
      return new IOException("it cannot be encoded: " + e.getMessage(), e);
    }
  }

  private void persist(List<CommitRecord<StoredValue>> group, List<CommittedTransaction> commits)
      throws UncertainOutcomeException {
    IOException cause = offer(commits);
    if (cause == null) {
      group.forEach(buffer::publish);
      finish(group, Map.of());
    } else if (group.size() == 1) {
      refuse(group.getFirst(), cause);
    } else {
      handleOneByOne(group, commits);
    }
  }

  private void handleOneByOne(
      List<CommitRecord<StoredValue>> group, List<CommittedTransaction> commits)
      throws UncertainOutcomeException {
    boolean isAsEncoded = true;
    for (int i = 0; i < group.size(); i++) {
      List<CommitRecord<StoredValue>> one = List.of(group.get(i));
      List<CommittedTransaction> commit = new ArrayList<>();
      // What was refused may have been merged into those behind it.
      IOException cause = isAsEncoded ? null : encode(one, commit);
      cause = cause == null ? offer(isAsEncoded ? List.of(commits.get(i)) : commit) : cause;
      if (cause == null) {
        buffer.publish(group.get(i));
        finish(one, Map.of());
      } else {
        isAsEncoded = false;
        refuse(group.get(i), cause);
      }
    }
  }

  /** {@return null if the storage persisted the commits, else why it persisted none} */
  private @Nullable IOException offer(List<CommittedTransaction> commits)
      throws UncertainOutcomeException {
    try {
      storage.commit(commits);
      return null;
    } catch (UncertainOutcomeException e) {
      throw e;
    } catch (IOException e) {
      return e;
    }
  }

  private void refuse(CommitRecord<StoredValue> record, IOException cause) {
    buffer.withdraw(record);
    finish(List.of(record), Map.of(record.version(), cause));
  }

  private void finish(List<CommitRecord<StoredValue>> group, Map<Long, IOException> refusals) {
    lock.lock();
    try {
      refused.putAll(refusals);
      last = group.getLast();
      handled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void end(@Nullable IOException cause) {
    if (cause != null) {
      LOG.atError().setCause(cause).log("the storage has failed, the store has stopped");
    }
    lock.lock();
    try {
      failure = cause;
      ended = true;
      handled.signalAll();
    } finally {
      lock.unlock();
    }
    buffer.wakeAll(); // who waits for a change would wait in vain
  }

  /** Finishes the commits that were certified, and ends the thread. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      work.signal();
    } finally {
      lock.unlock();
    }
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
