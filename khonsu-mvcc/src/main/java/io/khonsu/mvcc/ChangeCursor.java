package io.khonsu.mvcc;

import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A place in the order of published commits from which someone follows how the items of an interval
 * change. What comes after it stays readable, until it has fallen too far behind and is revoked.
 * Must be closed. Thread-safe.
 *
 * @param <V> the type of values
 */
public final class ChangeCursor<V> implements AutoCloseable {
  /*
   * The claim is one that never settles: "may read anywhere from this version on". So the collector
   * keeps every version after it, not only what is seen at it, and the list of records as well.
   * Moving the claim forward is safe at any time; that it moves only while nobody reads, with a
   * fence before the next read, is what VacatedVersions needs. The lock is held only for short
   * steps of this module and of the visitor; the collector, which is in the commit section, only
   * tries it.
   */

  /** Records to look at in one go inside the commit section. */
  private static final int SKIPS_IN_ONE_GO = 256;

  private final TxnBuffer<V> buffer;
  private final ActiveSnapshots active;
  private final KeyInterval interval;
  private final Key guard;
  private final ReentrantLock lock = new ReentrantLock();

  /** The last commit that was passed. All from here on under the lock. */
  private CommitRecord<V> position;

  /** A commit after it that was read and not yet passed. */
  private @Nullable CommitRecord<V> current;

  private long claimed;
  private final int slot;
  private boolean flipped;
  private boolean revoked;
  private boolean closed;

  /** Takes over a slot that is claimed, and stays open, at {@code claimed}. */
  ChangeCursor(
      TxnBuffer<V> buffer,
      KeyInterval interval,
      Key guard,
      CommitRecord<V> position,
      int slot,
      long claimed) {
    this.buffer = buffer;
    this.active = buffer.active();
    this.interval = interval;
    this.guard = guard;
    this.position = position;
    this.slot = slot;
    this.claimed = claimed;
  }

  /** {@return the version up to which everything has been passed} */
  public long version() {
    lock.lock();
    try {
      return claimed;
    } finally {
      lock.unlock();
    }
  }

  /** {@return whether this fell too far behind: the history after {@link #version} is given up} */
  public boolean isRevoked() {
    lock.lock();
    try {
      return revoked;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reads the next commit that changed something, without passing it: until {@link #pass} the same
   * one is read again.
   *
   * @param visitor given the items of that commit, in no particular order, that are in the interval
   *     or are the guard; called under a lock, so it must be quick
   * @return the commit, or null if none was published yet, or this is revoked or closed
   */
  public @Nullable CommitRecord<V> read(ChangeVisitor<V> visitor) {
    lock.lock();
    try {
      if (closed || revoked) {
        return null;
      }
      skip(Integer.MAX_VALUE);
      CommitRecord<V> next = published(position);
      VarHandle.fullFence(); // between moving the claim and looking at chains
      if (next != null) {
        visit(next, visitor);
      }
      current = next;
      return next;
    } finally {
      lock.unlock();
    }
  }

  /** Passes the commit that was read last, if any, also when this was revoked or closed since. */
  public void pass() {
    lock.lock();
    try {
      if (current != null) {
        moveTo(current);
      }
      current = null;
    } finally {
      lock.unlock();
    }
  }

  /** Gives the history up. Closing twice does nothing. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed && !revoked) {
        active.release(slot);
      }
      closed = true;
    } finally {
      lock.unlock();
    }
    buffer.collector().followers().remove(this);
  }

  /** Passes what does not matter, and gives up if there is too much left. Commit section only. */
  void upkeep(LongPredicate isTooFarBack) {
    if (!lock.tryLock()) {
      return;
    }
    try {
      if (closed || revoked) {
        return;
      }
      if (current == null) {
        skip(SKIPS_IN_ONE_GO);
      }
      if (isTooFarBack.test(claimed)) {
        revoked = true;
        active.release(slot);
        buffer.collector().followers().remove(this);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Changes the claim to another word that says the same, as nobody reads. */
  void renew() {
    if (!lock.tryLock()) {
      return;
    }
    try {
      if (!closed && !revoked) {
        flipped = !flipped;
        active.stayOpen(slot, claimed, flipped);
      }
    } finally {
      lock.unlock();
    }
  }

  private void skip(int limit) {
    CommitRecord<V> last = position;
    for (int i = 0; i < limit; i++) {
      CommitRecord<V> next = published(last);
      if (next == null || touches(next)) {
        break;
      }
      last = next;
    }
    if (last.version() > position.version()) {
      moveTo(last);
    }
  }

  private void moveTo(CommitRecord<V> record) {
    position = record;
    claimed = Math.max(claimed, record.version());
    if (!closed && !revoked) {
      active.stayOpen(slot, claimed, flipped);
    }
  }

  private @Nullable CommitRecord<V> published(CommitRecord<V> record) {
    CommitRecord<V> next = record.next();
    return next != null && next.version() <= buffer.newestVersion() ? next : null;
  }

  private boolean touches(CommitRecord<V> record) {
    for (int i = 0; i < record.size(); i++) {
      if (isWatched(record.chain(i))) {
        return true;
      }
    }
    return false;
  }

  private boolean isWatched(Key key) {
    return interval.contains(key) || key.equals(guard);
  }

  private void visit(CommitRecord<V> record, ChangeVisitor<V> visitor) {
    boolean goesOn = true;
    for (int i = 0; goesOn && i < record.size(); i++) {
      if (isWatched(record.chain(i))) {
        goesOn = visit(record.chain(i), record.version(), visitor);
      }
    }
  }

  private static <V> boolean visit(Chain<V> chain, long version, ChangeVisitor<V> visitor) {
    Version<V> after = chain.visibleAt(version);
    Invariants.check(after != null && after.version == version, "a followed version is kept");
    Version<V> before = after == null ? null : after.older();
    before = before == null || before.isTombstone() ? null : before.settled();
    after = after == null || after.isTombstone() ? null : after.settled();
    return (before == null && after == null) || visitor.change(chain, before, after);
  }
}
