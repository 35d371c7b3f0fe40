package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A key with its versions, newest first; at once the entry of the hash table and of the ordered
 * index, because every saved dereference is a saved cache miss.
 *
 * <p>States: a <em>candidate</em> belongs to one thread; <em>linked</em>, it stands in both indexes
 * (and may be used as soon as it does); <em>dead</em>, it was purged and never comes back, so
 * whoever still holds it looks its key up anew. The head and the depth change only inside the
 * commit section; readers load the head with acquire.
 *
 * @param <V> the type of values
 */
final class Chain<V> extends Key {
  private static final VarHandle HEAD;
  private static final VarHandle STATE;
  private static final VarHandle TOUCHED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      HEAD = lookup.findVarHandle(Chain.class, "head", Version.class);
      STATE = lookup.findVarHandle(Chain.class, "state", byte.class);
      TOUCHED = lookup.findVarHandle(Chain.class, "touched", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final byte CANDIDATE = 0;
  private static final byte LINKED = 1;
  private static final byte DEAD = 2;

  /** No chain that is shallower is pruned when something is installed. */
  private static final int FIRST_PRUNING_DEPTH = 8;

  /** A chain this deep is pruned, and then counted on from half: again after so many more. */
  private static final int MAX_DEPTH = Short.MAX_VALUE;

  private final TxnBuffer<V> owner;
  private @Nullable Version<V> head;

  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private byte state = CANDIDATE;

  private boolean queued;
  private short depth;

  /** Twice of what was left when it was last pruned: that may be needed, and still be for long. */
  private short pruningDepth = FIRST_PRUNING_DEPTH;

  @SuppressWarnings("UnusedVariable") // written for the sake of writing
  private boolean touched;

  /** Makes a candidate of the same bytes. */
  Chain(TxnBuffer<V> owner, Key key) {
    super(key);
    this.owner = owner;
  }

  @SuppressWarnings("ReferenceEquality") // this very buffer
  boolean isLinkedIn(TxnBuffer<?> buffer) {
    return owner == buffer && (byte) STATE.getAcquire(this) == LINKED;
  }

  @SuppressWarnings("ReferenceEquality") // this very buffer
  boolean isCandidateOf(TxnBuffer<?> buffer) {
    return owner == buffer && (byte) STATE.getAcquire(this) == CANDIDATE;
  }

  boolean isDead() {
    return (byte) STATE.getAcquire(this) == DEAD;
  }

  void link() {
    STATE.setRelease(this, LINKED);
  }

  void die() {
    STATE.setRelease(this, DEAD);
  }

  @SuppressWarnings("unchecked") // the field has this very type
  @Nullable Version<V> head() {
    return (@Nullable Version<V>) HEAD.getAcquire(this);
  }

  @Nullable Version<V> visibleAt(long snapshot) {
    Version<V> newest = head();
    return newest == null ? null : newest.visibleAt(snapshot);
  }

  /** Makes {@code version} the newest; its number must be set. Commit section only. */
  void install(Version<V> version) {
    version.setOlder(head);
    HEAD.setRelease(this, version);
    depth = (short) Math.min(depth + 1, MAX_DEPTH);
  }

  /** Puts a twin of the head in its place. Commit section only. */
  void replaceHead(Version<V> twin) {
    twin.setOlder(Invariants.present(head, "a head to replace").older());
    HEAD.setRelease(this, twin);
  }

  /** Takes an installed version out again, wherever it stands. Commit section only. */
  @SuppressWarnings("ReferenceEquality") // this very version
  void withdraw(Version<V> version) {
    if (head == version) {
      HEAD.setRelease(this, version.older());
    } else {
      Version<V> newer = Invariants.present(head, "a chain with versions has a head");
      while (newer.older() != version) {
        newer = Invariants.present(newer.older(), "a withdrawn version stands in its chain");
      }
      newer.setOlder(version.older());
    }
    depth = (short) Math.max(depth - 1, 0);
  }

  /** {@return about how many versions there are} Commit section only. */
  int depth() {
    return depth;
  }

  /** {@return whether it has grown so deep that it is to be pruned} Commit section only. */
  boolean isDueForPruning() {
    return depth >= pruningDepth;
  }

  /** Notes how many versions pruning has left. */
  void setDepth(int versions) {
    depth = (short) (versions < MAX_DEPTH ? versions : MAX_DEPTH / 2 + 2);
    pruningDepth = (short) Math.min(Math.max(2 * depth, FIRST_PRUNING_DEPTH), MAX_DEPTH);
  }

  /**
   * Writes to this object, to fetch it for writing: what a commit has announced so outside the
   * section, it need not wait for inside.
   */
  void touch() {
    TOUCHED.setOpaque(this, true);
  }

  /** {@return the number of versions, or 0 if there are so many that they must be counted} */
  int shallowDepth() {
    return depth < FIRST_PRUNING_DEPTH ? depth : 0;
  }

  boolean isQueued() {
    return queued;
  }

  void setQueued(boolean value) {
    queued = value;
  }
}
