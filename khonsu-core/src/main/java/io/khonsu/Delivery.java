package io.khonsu;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands events to one listener, in order, on a thread of its own: what the listener does cannot
 * hold up a transaction. At most {@value #QUEUE_MAX} events wait, further ones are counted as
 * missed. Thread-safe.
 */
final class Delivery implements ListenerHandle {
  static final int QUEUE_MAX = 1_024;

  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);

  private final ContentionListener listener;
  private final ContentionListeners registry;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by the lock, as is all below. */
  private final Queue<Consumer<ContentionListener>> queue = new ArrayDeque<>();

  private boolean closed;
  private boolean draining;
  private long missed;
  private @Nullable Throwable failure;

  Delivery(ContentionListener listener, ContentionListeners registry) {
    this.listener = listener;
    this.registry = registry;
  }

  void start() {
    var _ = Thread.ofPlatform().name("khonsu-listener").daemon().start(this::run);
  }

  /** Queues an event, if there is room. */
  void offer(Consumer<ContentionListener> event) {
    lock.lock();
    try {
      if (closed || draining || queue.size() == QUEUE_MAX) {
        missed++;
      } else {
        queue.add(event);
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      for (var event = next(); event != null; event = next()) {
        event.accept(listener);
      }
    } catch (Throwable e) { // the top of a thread: said loudly, and the listener is out
      LOG.atError()
          .setCause(e)
          .addKeyValue("listener", listener.getClass().getName())
          .log("a contention listener threw and was removed");
      fail(e);
    } finally {
      close();
    }
  }

  /** {@return the next event, or null when there will be none} */
  private @Nullable Consumer<ContentionListener> next() {
    lock.lock();
    try {
      while (queue.isEmpty() && !closed && !draining) {
        changed.awaitUninterruptibly();
      }
      return queue.poll();
    } finally {
      lock.unlock();
    }
  }

  private void fail(Throwable cause) {
    lock.lock();
    try {
      failure = cause;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the thread after the events that wait: there will be no more. */
  void drain() {
    lock.lock();
    try {
      draining = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long missed() {
    lock.lock();
    try {
      return missed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<Throwable> failure() {
    lock.lock();
    try {
      return Optional.ofNullable(failure);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      missed += queue.size();
      queue.clear();
      changed.signal();
    } finally {
      lock.unlock();
    }
    registry.remove(this);
  }
}
