package io.khonsu.backup;

import io.khonsu.Khonsu;
import java.time.Instant;

/**
 * A stretch of history of which every state can be restored.
 *
 * @param timeline that it belongs to; it may begin in one of its ancestors
 * @param from the first version
 * @param to the last version
 */
public record Window(int timeline, long from, long to) {
  /** {@return whether the state at a version can be restored} */
  public boolean contains(long version) {
    return from <= version && version <= to;
  }

  /** {@return the first instant of which the state can be restored} */
  public Instant fromInstant() {
    return Khonsu.instantOf(from);
  }

  /**
   * {@return the last instant of which the state can be restored} It is before the millisecond of
   * the last version, as more may have been committed in that one.
   */
  public Instant toInstant() {
    return Khonsu.instantOf(to).minusMillis(1);
  }

  @Override
  public String toString() {
    return "versions %d to %d of timeline %d (%s to %s)"
        .formatted(from, to, timeline, fromInstant(), toInstant());
  }
}
