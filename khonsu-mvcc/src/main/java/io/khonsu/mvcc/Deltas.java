package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Works out the values of {@linkplain Delta deltas}. Thread-safe. */
final class Deltas<V> {
  /*
   * One thread at a time works on a chain. It walks down over deltas that have no result, to a
   * version that has a value, merges, and says so last of all. So once a delta is seen to have its
   * result, nobody is reading its operand or anything below on its behalf, nor on behalf of a delta
   * above: who works on that one now has begun later, and stops at the result. That is why the
   * collector may let go of both without asking who is at work.
   *
   * What is below a delta without a result is kept by the collector, so a walk needs no snapshot
   * but the one that sees the delta it begins with.
   *
   * Lock order: the commit section comes first; nothing is locked while one of these is held.
   */

  /** A transaction that comes to so many deltas in a row works them out before it adds one. */
  static final int RUN_MAX = 32;

  private static final int STRIPES = 64;

  private final Merger<V> merger;
  private final boolean settlesBeforePublication;
  private final ReentrantLock[] locks = new ReentrantLock[STRIPES];

  Deltas(Merger<V> merger, TxnBuffer.Publication publication) {
    this.merger = merger;
    this.settlesBeforePublication = publication == TxnBuffer.Publication.EXPLICIT;
    Arrays.setAll(locks, _ -> new ReentrantLock());
  }

  Merger<V> merger() {
    return merger;
  }

  /** {@return the version of a delta's number that has its value} */
  Version<V> settle(Delta<V> delta) {
    ReentrantLock lock = lock(delta.chain());
    lock.lock();
    try {
      Version<V> found = delta.result();
      return found != null ? found : merge(delta);
    } finally {
      lock.unlock();
    }
  }

  private Version<V> merge(Delta<V> newest) {
    List<Version<V>> operands = new ArrayList<>();
    @Nullable Version<V> below = newest;
    while (below != null && !below.isSettled()) {
      operands.add(below);
      below = below.older();
    }
    Version<V> merged = merge(newest.chain(), below, operands.reversed());
    merged.version = newest.version;
    newest.setResult(merged);
    return merged;
  }

  /** {@return operands merged into what is below, as a version without a number} */
  Version<V> merge(Key key, @Nullable Version<V> below, List<Version<V>> operands) {
    Merger.Item<V> item = merger.merge(key, state(below), operands);
    Version<V> merged = new Version<>();
    merged.assign(item.value(), item.index());
    return merged;
  }

  /** {@return the weight of an operand that can be left for later, else a negative number} */
  long weigh(Key key, Version<V> operand, @Nullable Version<V> below) {
    if (settlesBeforePublication) {
      return 0;
    }
    if (merger.isQuick()) {
      return Merger.UNBOUNDED;
    }
    if (below instanceof Delta<V> delta && !delta.isSettled()) {
      return merger.weigh(key, operand, below, delta.weight());
    }
    return merger.weigh(key, operand, state(below), Merger.NO_WEIGHT);
  }

  /** {@return the version with the value, or null if there is no item} */
  private static <V> @Nullable Version<V> state(@Nullable Version<V> version) {
    return version == null || version.isTombstone() ? null : version.settled();
  }

  /** Waits for whoever works on a chain that is dead by now: nobody will begin to. */
  void awaitIdle(Chain<V> chain) {
    ReentrantLock lock = lock(chain);
    lock.lock();
    try {
      Invariants.check(chain.isDead(), "nobody begins to work on a dead chain");
    } finally {
      lock.unlock();
    }
  }

  private ReentrantLock lock(Chain<V> chain) {
    return locks[chain.hash & (STRIPES - 1)];
  }

  /**
   * Works out what is newest in some chains. A failure is kept for those who need the value, who
   * will meet it themselves: as memory is all that can be short, there may be some by then.
   */
  void settle(TxnBuffer<V> buffer, List<Chain<V>> chains) {
    if (chains.isEmpty()) {
      return;
    }
    try (Snapshot<V> now = buffer.readOnlySnapshot()) {
      for (Chain<V> chain : chains) {
        settleUnlessDead(chain, now);
      }
    } catch (RuntimeException _) {
      return; // nobody has asked for these values
    }
  }

  /** A purge waits for no snapshot that is newer, but for the lock. */
  private void settleUnlessDead(Chain<V> chain, Snapshot<V> now) {
    ReentrantLock lock = lock(chain);
    lock.lock();
    try {
      Version<V> newest = chain.isDead() ? null : chain.visibleAt(now.version());
      if (newest != null) {
        var _ = newest.settled();
      }
    } finally {
      lock.unlock();
    }
  }
}
