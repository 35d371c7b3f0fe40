package io.khonsu.mvcc;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;

/**
 * The one place where commits stand in a row, with a gate for a transaction that has failed too
 * often.
 *
 * <p>While a transaction holds the gate, others wait before entering; so what it reads from then on
 * stays current, and its commit succeeds. Lock order: this lock comes before all others of this
 * module.
 */
final class CommitSection {
  /** A holder that has not left by then lost the gate: its thread may be stuck in foreign code. */
  private static final long GATE_LIMIT_MILLIS = 1_000;

  private final CommitMutex<?> mutex;
  private final Condition gateOpened;
  private boolean gateIsHeld;
  private long gateHolder;

  CommitSection(CommitMutex<?> mutex) {
    this.mutex = mutex;
    this.gateOpened = mutex.newCondition();
  }

  /** Enters, after waiting for a gate that another transaction holds. */
  void enter(long transactionId) {
    mutex.lock();
    if (gateIsHeld && gateHolder != transactionId) {
      awaitGate();
    }
  }

  /** Enters whoever holds the gate, for work that is no commit. */
  void enterForUpkeep() {
    mutex.lock();
  }

  /** {@return whether upkeep could enter at once} */
  boolean tryEnterForUpkeep() {
    return mutex.tryLock();
  }

  void leave() {
    mutex.unlock();
  }

  /** Takes the gate, in the order of asking. */
  void enterGate(long transactionId) {
    enter(transactionId);
    gateIsHeld = true;
    gateHolder = transactionId;
    leave();
  }

  /** {@return whether a transaction holds the gate} */
  boolean isGateOf(long transactionId) {
    mutex.lock();
    try {
      return gateIsHeld && gateHolder == transactionId;
    } finally {
      mutex.unlock();
    }
  }

  /** Gives the gate back, if it is still this transaction's. */
  void leaveGate(long transactionId) {
    enterForUpkeep();
    if (gateIsHeld && gateHolder == transactionId) {
      openGate();
    }
    leave();
  }

  private void awaitGate() {
    boolean interrupted = false;
    long holder = gateHolder;
    long nanosLeft = TimeUnit.MILLISECONDS.toNanos(GATE_LIMIT_MILLIS);
    while (gateIsHeld) {
      if (gateHolder != holder) {
        holder = gateHolder;
        nanosLeft = TimeUnit.MILLISECONDS.toNanos(GATE_LIMIT_MILLIS);
      }
      try {
        nanosLeft = gateOpened.awaitNanos(nanosLeft);
      } catch (InterruptedException _) {
        interrupted = true;
      }
      if (nanosLeft <= 0 && gateIsHeld && gateHolder == holder) {
        openGate();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void openGate() {
    gateIsHeld = false;
    gateOpened.signalAll();
  }
}
