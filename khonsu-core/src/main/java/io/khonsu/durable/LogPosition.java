package io.khonsu.durable;

import io.khonsu.spi.LogRecord;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How far a log has got: what was appended last, what is synced, and whether it has stopped. The
 * appending thread moves it; others read it.
 */
final class LogPosition {
  private volatile long last;
  private final AtomicLong synced;
  private volatile @Nullable IOException failure;
  private volatile boolean closed;

  LogPosition(long last, long synced) {
    this.last = last;
    this.synced = new AtomicLong(synced);
  }

  long last() {
    return last;
  }

  long synced() {
    return synced.get();
  }

  void appended(long version) {
    last = version;
  }

  void synced(long version) {
    var _ = synced.accumulateAndGet(version, Math::max);
  }

  /** Notes that nobody knows what is on disk; {@return what to throw}. */
  UncertainOutcomeException stop(String what, IOException cause) {
    failure = cause;
    return new UncertainOutcomeException(what + ": " + cause.getMessage(), cause);
  }

  boolean isStopped() {
    return failure != null;
  }

  void close() {
    closed = true;
  }

  boolean isClosed() {
    return closed;
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the log is closed");
    }
  }

  /** Refuses to append what does not follow, or after a failure. */
  void checkAppend(List<LogRecord> records) throws IOException {
    checkRunning();
    long previous = last;
    for (LogRecord record : records) {
      if (record.version() <= previous) {
        throw new IOException(
            "version %d does not come after %d".formatted(record.version(), previous));
      }
      previous = record.version();
    }
  }

  /** Refuses to go on after a failure. */
  void checkRunning() throws IOException {
    checkOpen();
    IOException cause = failure;
    if (cause != null) {
      throw new IOException("the log has stopped: open it again", cause);
    }
  }
}
