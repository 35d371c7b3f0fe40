package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One committed state of one item: an opaque value with an index into it, or a tombstone.
 *
 * <p>Private to its transaction until installed; from then on immutable but for the link to the
 * next older version, which the collector may move further back. Of a merge that is staged or
 * installed, value and index are the operand; who reads is given the version that was {@linkplain
 * #settled settled}.
 *
 * @param <V> the type of values
 */
public sealed class Version<V> permits Delta {
  private static final VarHandle OLDER;

  static {
    try {
      OLDER = MethodHandles.lookup().findVarHandle(Version.class, "older", Version.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int TOMBSTONE = -1;

  long version;
  private @Nullable V value;
  private int index;

  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private @Nullable Version<V> older;

  Version() {
    this.index = TOMBSTONE;
  }

  /**
   * {@return a committed state that was read elsewhere}
   *
   * @param value null if nothing but the item's existence was asked for
   * @param index not negative
   * @param <V> the type of values
   */
  public static <V> Version<V> elsewhere(long version, @Nullable V value, int index) {
    Version<V> read = new Version<>();
    read.version = version;
    read.assign(value, index);
    return read;
  }

  void assign(@Nullable V value, int index) {
    this.value = value;
    this.index = index;
  }

  void assignTombstone() {
    assign(null, TOMBSTONE);
  }

  /** {@return the commit version; 0 while it is staged} */
  public long version() {
    return version;
  }

  /** {@return whether this version says that the item does not exist} */
  public boolean isTombstone() {
    return index == TOMBSTONE;
  }

  /** {@return the value, or null for a tombstone and for a staged write that has none yet} */
  public @Nullable V value() {
    return value;
  }

  /**
   * {@return the value}
   *
   * @throws IllegalStateException if this is a tombstone
   */
  public V requireValue() {
    if (value == null) {
      throw new IllegalStateException("a tombstone has no value, version " + version);
    }
    return value;
  }

  /**
   * {@return the position inside the value, meaningful to whoever wrote it; negative in a
   * tombstone}
   */
  public int index() {
    return index;
  }

  @SuppressWarnings("unchecked") // the field has this very type
  @Nullable Version<V> older() {
    return (@Nullable Version<V>) OLDER.getAcquire(this);
  }

  void setOlder(@Nullable Version<V> version) {
    OLDER.setRelease(this, version);
  }

  /** {@return this state, of the same number, with its value, which is worked out if need be} */
  Version<V> settled() {
    return this;
  }

  /** {@return whether the value is there, so that nothing below this is needed for it} */
  boolean isSettled() {
    return true;
  }

  /** {@return how many versions in a row, from this one down, have no value yet} */
  int run() {
    return 0;
  }

  /** {@return the newest version at or below {@code snapshot}, from this one on, or null} */
  @Nullable Version<V> visibleAt(long snapshot) {
    @Nullable Version<V> candidate = this;
    while (candidate != null && candidate.version > snapshot) {
      candidate = candidate.older();
    }
    return candidate;
  }
}
