package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A version that says how the state below it is changed: its value and index are an operand. The
 * state itself is worked out when someone asks for it, by {@link Deltas}, once.
 *
 * <p>As long as that has not happened, what is below stays, down to a version that has a value.
 *
 * @param <V> the type of values
 */
final class Delta<V> extends Version<V> {
  private static final VarHandle RESULT;

  static {
    try {
      RESULT = MethodHandles.lookup().findVarHandle(Delta.class, "result", Version.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Set when this is laid over another version, as are the next three. */
  private @Nullable Chain<V> chain;

  private @Nullable Deltas<V> deltas;
  private int run;
  private long weight;

  @SuppressWarnings("UnusedVariable") // accessed through its VarHandle
  private @Nullable Version<V> result;

  Delta() {}

  /**
   * Gives this its place, before it is installed there: it may be settled as soon as its record is
   * appended, which comes first. Commit section only.
   */
  void layOver(Chain<V> place, @Nullable Version<V> below, Deltas<V> worker, long weightSoFar) {
    chain = place;
    deltas = worker;
    weight = weightSoFar;
    setOlder(below);
    run = below == null ? 1 : below.run() + 1;
  }

  Chain<V> chain() {
    return Invariants.present(chain, "a delta lies in a chain");
  }

  long weight() {
    return weight;
  }

  /** {@return the version with the value, of the same number; null if it was not worked out yet} */
  @SuppressWarnings("unchecked") // the field has this very type
  @Nullable Version<V> result() {
    return (@Nullable Version<V>) RESULT.getVolatile(this);
  }

  void setResult(@Nullable Version<V> version) {
    RESULT.setVolatile(this, version);
  }

  /** {@return the result that has a value of its own, apart from the operand; or null} */
  @SuppressWarnings("ReferenceEquality") // the same value, not an equal one
  @Nullable Version<V> ownResult() {
    Version<V> found = result();
    return found == null || found.value() == value() ? null : found;
  }

  @Override
  Version<V> settled() {
    Version<V> found = result();
    return found != null ? found : Invariants.present(deltas, "a delta was laid").settle(this);
  }

  @Override
  boolean isSettled() {
    return result() != null;
  }

  @Override
  int run() {
    return isSettled() ? 0 : run;
  }
}
