package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What one transaction committed: a link of the forward-linked list of commits, in version order.
 *
 * <p>A transaction holds the record it started after; what lies before it is garbage.
 *
 * @param <V> the type of values
 */
public final class CommitRecord<V> {
  private static final VarHandle NEXT;
  private static final Key[] NO_CHAINS = {};
  private static final Version<?>[] NO_VERSIONS = {};

  /** Stands for versions that were let go of, some of which were merged. */
  private static final Version<?>[] MERGED_VERSIONS = {};

  static {
    try {
      NEXT = MethodHandles.lookup().findVarHandle(CommitRecord.class, "next", CommitRecord.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private long version;
  private final long transactionId;

  /** The only chain, as most commits have one: many are kept, for those who began before them. */
  private final @Nullable Key only;

  /** All chains, if there are several. */
  private final Key[] chains;

  private Version<V>[] installed;
  private int size;

  /** Null where nobody asks, and if nothing was read. */
  private @Nullable Footprint footprint;

  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private @Nullable CommitRecord<V> next;

  /**
   * Makes a record of the first {@code size} changes.
   *
   * @param chains taken over; the keys are linked chains by the time that the record is appended
   * @param installed taken over; of each chain its new version
   */
  CommitRecord(long transactionId, Key[] chains, Version<V>[] installed, int size) {
    this.transactionId = transactionId;
    this.only = size == 1 ? chains[0] : null;
    this.chains = size == 1 ? NO_CHAINS : chains;
    this.installed = installed;
    this.size = size;
  }

  /** {@return a record before the first commit} */
  static <V> CommitRecord<V> origin(long version) {
    CommitRecord<V> origin = new CommitRecord<>(0, NO_CHAINS, emptied(NO_VERSIONS), 0);
    origin.version = version;
    return origin;
  }

  /** Gives the record its version, before it is appended. */
  void stamp(long commitVersion) {
    version = commitVersion;
    for (int i = 0; i < size; i++) {
      installed[i].version = commitVersion;
    }
  }

  /** {@return the commit version} */
  public long version() {
    return version;
  }

  /** {@return the id of the transaction} */
  public long transactionId() {
    return transactionId;
  }

  /** {@return how many items were changed; 0 once the commit was withdrawn} */
  public int size() {
    return size;
  }

  /** {@return the key of a changed item, by its 0-based position} */
  public Key key(int position) {
    return only != null ? only : chains[position];
  }

  /**
   * {@return what a changed item was changed to, by its 0-based position; until the commit is
   * published} What was merged is merged by now; that depends on the commits before.
   *
   * @throws RuntimeException what the {@link Merger} throws: withdraw the commit
   */
  public Version<V> version(int position) {
    return installed[position].settled();
  }

  /** {@return whether something was merged, so that {@link #version} depends on commits before} */
  @SuppressWarnings("ReferenceEquality") // the very array
  public boolean isMerged() {
    Version<V>[] versions = installed; // may be let go of meanwhile
    boolean merged = versions == MERGED_VERSIONS;
    for (Version<V> version : versions) {
      merged |= version instanceof Delta<V>;
    }
    return merged;
  }

  @SuppressWarnings("unchecked") // a chain of the buffer holds V
  Chain<V> chain(int position) {
    return (Chain<V>) key(position);
  }

  /** {@return the version of a chain as it was installed, until the commit is published} */
  Version<V> installed(int position) {
    return installed[position];
  }

  /** Replaces a version, before the record is appended. */
  void replace(int position, Version<V> version) {
    installed[position] = version;
  }

  /** {@return what the transaction read, or null} */
  @Nullable Footprint footprint() {
    return footprint;
  }

  /** Says what the transaction read, before the record is appended. */
  void leave(@Nullable Footprint of) {
    footprint = of;
  }

  /** {@return the version of the earliest commit that must come after this one, or its own} */
  long place() {
    Footprint left = footprint;
    return left == null ? version : Math.min(version, left.place());
  }

  /** {@return the commit after this one, published or not; null if there is none yet} */
  @SuppressWarnings("unchecked") // the field has this very type
  public @Nullable CommitRecord<V> next() {
    return (@Nullable CommitRecord<V>) NEXT.getAcquire(this);
  }

  /** {@return this record, or the last one after it that is not newer than {@code version}} */
  CommitRecord<V> lastUpTo(long version) {
    CommitRecord<V> last = lastUpTo(version, Integer.MAX_VALUE);
    return last == null ? this : last;
  }

  /**
   * {@return as {@link #lastUpTo(long)}, or null if this record is newer, or that one more than
   * some steps away}
   */
  @Nullable CommitRecord<V> lastUpTo(long version, int stepsMax) {
    CommitRecord<V> last = this;
    @Nullable CommitRecord<V> following = next();
    for (int i = 0; following != null && following.version() <= version; i++) {
      if (i == stepsMax) {
        return null;
      }
      last = following;
      following = following.next();
    }
    return last.version() <= version ? last : null;
  }

  void setNext(@Nullable CommitRecord<V> record) {
    NEXT.setRelease(this, record);
  }

  /** Lets go of the versions: nobody will withdraw this record any more. */
  void settle() {
    installed = isMerged() ? emptied(MERGED_VERSIONS) : emptied(NO_VERSIONS);
  }

  /** Turns this into a record of nothing. */
  void erase() {
    size = 0; // and the chains stay, for who is looking at them now
    footprint = null;
    settle();
  }

  @SuppressWarnings("unchecked") // it has no element
  private static <V> Version<V>[] emptied(Version<?>[] versions) {
    return (Version<V>[]) versions;
  }
}
