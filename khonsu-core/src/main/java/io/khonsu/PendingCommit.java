package io.khonsu;

import io.khonsu.mvcc.CommitRecord;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Storage;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A commit between being certified and being durable. Whoever comes first, its own thread or that
 * of the log, encodes it, but what was merged only that of the log; then the log decides, and wakes
 * its thread and no other.
 */
final class PendingCommit {
  private final CommitRecord<StoredValue> record;
  private @Nullable CommittedTransaction commit;
  private @Nullable IOException refusal;
  private volatile Phase phase = Phase.ENCODING;
  private volatile @Nullable Thread waiter;

  /** What is known of it. Fields that a phase sets are written before it. */
  private enum Phase {
    /** Being encoded, or about to be. */
    ENCODING,
    /** It can be given to the storage, or cannot be encoded. */
    ENCODED,
    /** It is durable and visible. */
    VISIBLE,
    /** It never happened. */
    REFUSED,
    /** Nobody knows. */
    UNKNOWN
  }

  PendingCommit(CommitRecord<StoredValue> record) {
    this.record = record;
  }

  CommitRecord<StoredValue> record() {
    return record;
  }

  /** {@return whether what it changes depends on the commits before it} */
  boolean isMerged() {
    return record.isMerged();
  }

  /** Encodes it, also again; what goes wrong is kept as the reason to refuse it. */
  void encode(CommitEncoder encoder, Storage storage) {
    refusal = null;
    try {
      CommittedTransaction encoded = encoder.encode(record);
      storage.prepare(encoded);
      commit = encoded;
    } catch (RuntimeException | OutOfMemoryError e) {
      refusal = new IOException("it cannot be encoded: " + e.getMessage(), e);
    } finally {
      phase = Phase.ENCODED;
    }
  }

  boolean isEncoded() {
    return phase != Phase.ENCODING;
  }

  /** {@return what is given to the storage, or null if it cannot be encoded} */
  @Nullable CommittedTransaction commit() {
    return commit;
  }

  /** {@return why it cannot be encoded, or was refused} */
  @Nullable IOException refusal() {
    return refusal;
  }

  boolean isRefused() {
    return phase == Phase.REFUSED;
  }

  boolean isVisible() {
    return phase == Phase.VISIBLE;
  }

  void visible() {
    end(Phase.VISIBLE);
  }

  void refuse(IOException cause) {
    refusal = cause;
    end(Phase.REFUSED);
  }

  void unknown() {
    if (!isDecided()) {
      end(Phase.UNKNOWN);
    }
  }

  private void end(Phase last) {
    phase = last;
    LockSupport.unpark(waiter);
  }

  private boolean isDecided() {
    return phase.compareTo(Phase.ENCODED) > 0;
  }

  /** Waits until it is decided; the thread's interrupt status stays as it is. */
  void await() {
    waiter = Thread.currentThread();
    boolean interrupted = false;
    while (!isDecided()) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
