package io.khonsu.distributed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the turns of a node, one at a time: the node's own thread does, or one that has brought
 * frames of other nodes. Thread-safe.
 */
final class Turns {
  /*
   * What a node that follows sends is the answer to what has just come, mostly, and goes by the
   * thread of the network that has brought it. Were another thread woken in between, and that one
   * again for the answer, an entry would wait for a core twice.
   *
   * What is sent before a write, and then goes by the thread that writes, waits for the disk. So
   * the own thread takes the turns of a node that leads, which sends every entry before its own
   * write, and turns for which it was woken: by who commits or reads here. And those of a node that
   * takes a snapshot: they can take longer than a connection may be silent. So can a write, on a
   * disk that stalls for seconds; then connections are lost, and made again.
   */
  private static final Logger LOG = LoggerFactory.getLogger(Turns.class);

  /** After a turn that did something comes one for what follows from it. */
  private static final int BORROWED_MAX = 2;

  private final DistributedCommitManager manager;
  private final InstantSource clock;
  private final Inbox inbox;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private boolean isRunning;

  Turns(DistributedCommitManager manager, InstantSource clock) {
    this.manager = manager;
    this.clock = clock;
    this.inbox = manager.inbox();
  }

  /** Lets turns be taken, of a node that was started. */
  void start() {
    lock.lock();
    try {
      isRunning = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for a turn under way, and lets none begin any more.
   *
   * @param cause what the node is to stop for, unless it has stopped before; null if it need not
   */
  void end(@Nullable Throwable cause) {
    lock.lock();
    try {
      isRunning = false;
      if (cause != null && manager.failure() == null) {
        manager.stop(cause);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes one, or waits until there is something to do. For the node's own thread.
   *
   * @return whether another one may follow; not if the node has ended
   */
  boolean next() throws IOException, InterruptedException {
    long patienceNanos = 0;
    lock.lock();
    try {
      if (!isRunning || manager.failure() != null) {
        return false;
      }
      if (!manager.cycle(System.nanoTime(), clock.millis())) {
        patienceNanos = manager.patienceNanos();
      }
    } finally {
      lock.unlock();
    }
    inbox.await(patienceNanos);
    return true;
  }

  /** Works on what the calling thread has brought, or leaves it to the node's own. */
  void arrived() {
    if (inbox.isWoken() || lock.isHeldByCurrentThread() || !lock.tryLock()) {
      return; // the own thread comes, or whoever has the lock looks again
    }
    boolean isDone = false;
    try {
      isDone = borrow();
    } catch (IOException | RuntimeException | Error e) {
      LOG.atDebug().setCause(e).log("a turn has failed"); // the manager has stopped, and said why
    } finally {
      lock.unlock();
    }
    if (!isDone || !inbox.isEmpty()) {
      inbox.wake();
    }
  }

  /** {@return whether nothing is left to do that was there before} */
  @GuardedBy("lock")
  private boolean borrow() throws IOException {
    boolean didWork = true;
    for (int i = 0; i < BORROWED_MAX && didWork; i++) {
      if (!isRunning || !manager.areTurnsShort() || inbox.isWoken()) {
        return false;
      }
      didWork = manager.cycle(System.nanoTime(), clock.millis());
    }
    return !didWork && manager.areTurnsShort();
  }
}
