package io.khonsu.backup;

import java.time.Instant;

/** Which state a restore brings back. */
public sealed interface RestoreTarget {
  /** The newest that is archived. */
  record Latest() implements RestoreTarget {}

  /**
   * All transactions up to a version.
   *
   * @param version of a commit, or any other
   */
  record AtVersion(long version) implements RestoreTarget {}

  /**
   * All transactions up to and including the millisecond of an instant.
   *
   * @param instant of the clock that commit versions come from
   */
  record AtInstant(Instant instant) implements RestoreTarget {}

  /**
   * A named version, on the timeline it was named in.
   *
   * @param name of the restore point
   */
  record AtPoint(String name) implements RestoreTarget {}
}
