package io.khonsu.distributed;

/**
 * The ids of commits: the number of a session, which the log gives, and the commit's number in it.
 */
public final class CommitIds {
  /** The largest number in a session, after which its owner opens another. */
  public static final long NUMBER_MAX = (1L << 32) - 1;

  /** The largest number of a session. */
  public static final long SESSION_MAX = Integer.MAX_VALUE;

  private CommitIds() {}

  /** {@return the id of a session's commit} */
  public static long of(long session, long number) {
    if (session < 1 || session > SESSION_MAX || number < 1 || number > NUMBER_MAX) {
      throw new IllegalArgumentException(
          "there is no commit %d of session %d".formatted(number, session));
    }
    return session << 32 | number;
  }

  /** {@return the session of a commit} */
  public static long session(long commitId) {
    return commitId >>> 32;
  }

  /** {@return the number of a commit in its session} */
  public static long number(long commitId) {
    return commitId & NUMBER_MAX;
  }
}
