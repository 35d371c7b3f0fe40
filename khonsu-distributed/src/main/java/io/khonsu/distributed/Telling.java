package io.khonsu.distributed;

/**
 * When a leader tells the others what is decided and none of them waits for. It travels with the
 * next entries, which spares every node a message for each batch, and goes after a moment if no
 * entries come. Event loop only.
 */
final class Telling {
  /** The next batch of who waits for one commit after another comes sooner. */
  private static final long PATIENCE_NANOS = 2_000_000;

  private long toldIndex;
  private long appliedIndex;
  private long sinceNanos;

  /** Notes that so many entries were applied by who leads. */
  void applied(long index, long nowNanos) {
    if (appliedIndex <= toldIndex) {
      sinceNanos = nowNanos;
    }
    appliedIndex = index;
  }

  /** Notes that the others were sent word that so many entries are decided. */
  void told(long index) {
    toldIndex = index;
  }

  private boolean isUntold() {
    return appliedIndex > toldIndex;
  }

  /** {@return whether to tell now} */
  boolean isDue(long nowNanos) {
    return isUntold() && nowNanos - sinceNanos >= PATIENCE_NANOS;
  }

  /** {@return how long there is nothing to tell, if nothing happens, up to a limit} */
  long patienceNanos(long limitNanos) {
    return isUntold() ? Math.min(limitNanos, PATIENCE_NANOS) : limitNanos;
  }
}
