package io.khonsu;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A listener that is told what commits change. Close it. Thread-safe. */
public final class Watch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

  private final ChangeFeed feed;
  private final ChangeListener listener;
  private final Thread thread;
  private volatile boolean closing;
  private volatile @Nullable RuntimeException failure;

  Watch(ChangeFeed feed, ChangeListener listener) {
    this.feed = feed;
    this.listener = listener;
    this.thread = Thread.ofVirtual().name("khonsu-watch").unstarted(this::run);
  }

  void start() {
    feed.whenCutOff(thread::interrupt); // whatever the listener waits for
    thread.start();
  }

  /**
   * {@return the version up to which everything was delivered: where another can begin} A commit is
   * delivered when the listener has returned from it.
   */
  public long version() {
    return feed.version();
  }

  /** {@return why this has ended, if it was not by {@link #close}} */
  public Optional<RuntimeException> failure() {
    return Optional.ofNullable(failure);
  }

  /**
   * Ends this, and waits for a call of the listener that is under way, unless this is that call, or
   * until this thread is interrupted; so {@link #version} does not change any more. Closing twice
   * does nothing.
   */
  @Override
  public void close() {
    closing = true;
    feed.close();
    if (!Thread.currentThread().equals(thread)) {
      awaitEnd();
    }
  }

  private void awaitEnd() {
    try {
      thread.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (!closing) {
        deliverNext();
      }
    } catch (RuntimeException e) {
      end(e);
    } finally {
      feed.close();
    }
  }

  private void deliverNext() {
    CommitChanges changes = feed.awaitUninterruptibly();
    if (closing) {
      return;
    }
    try {
      listener.onCommit(changes);
    } catch (Throwable e) { // handed over to whoever asks, and said loudly
      if (feed.isCutOff() && e instanceof InterruptedException) {
        throw new StoreClosedException(); // it stopped waiting, as it was told to
      }
      throw new WatchEndedException(WatchEndedException.Reason.LISTENER_FAILED, feed.version(), e);
    }
    feed.pass();
  }

  private void end(RuntimeException cause) {
    boolean isListeners = cause instanceof WatchEndedException ended && ended.getCause() != null;
    if (closing && !isListeners) {
      return;
    }
    failure = cause;
    LOG.atWarn().setCause(cause).addKeyValue("version", version()).log("a watch has ended");
    try {
      listener.onEnd(cause);
    } catch (Throwable e) { // the top of a thread
      LOG.atError().setCause(e).log("a listener threw when told of its end");
    }
  }
}
