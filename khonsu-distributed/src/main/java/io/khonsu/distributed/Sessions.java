package io.khonsu.distributed;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who commits, and what came of it: kept so that what is sent twice is applied once. Part of the
 * replicated state; equal on all replicas at equal indices. Not thread-safe.
 */
final class Sessions {
  /** Of one session, so many commits may be open; more are not applied. */
  static final int OPEN_MAX = 1 << 16;

  private final TreeMap<Long, Session> sessions = new TreeMap<>();
  private long lastSession;

  /** One who commits. */
  static final class Session {
    /** Nothing is kept of commits with smaller numbers. */
    private long answeredBelow = 1;

    private long usedAt;
    private final TreeMap<Long, Outcome> outcomes = new TreeMap<>();
  }

  /** {@return the number of a new session} */
  long open(long version) {
    lastSession++;
    Session session = new Session();
    session.usedAt = version;
    sessions.put(lastSession, session);
    return lastSession;
  }

  /** Ends the sessions that did nothing since a version. */
  void expireBefore(long version) {
    sessions.values().removeIf(session -> session.usedAt < version);
  }

  /**
   * {@return what has come of a commit already, or stands against applying it; null if it is to be
   * applied now}
   */
  @Nullable Outcome find(long commitId) {
    Session session = sessions.get(CommitIds.session(commitId));
    long number = CommitIds.number(commitId);
    if (session == null) {
      return new Outcome.NoSession();
    }
    if (number < session.answeredBelow) {
      return new Outcome.Answered();
    }
    Outcome known = session.outcomes.get(number);
    if (known == null && session.outcomes.size() >= OPEN_MAX) {
      return new Outcome.Again();
    }
    return known;
  }

  /** Forgets what a session does not need any more, and notes that it is in use. */
  void touch(long commitId, long answeredBelow, long version) {
    Session session = sessions.get(CommitIds.session(commitId));
    if (session != null) {
      session.usedAt = Math.max(session.usedAt, version);
      session.answeredBelow = Math.max(session.answeredBelow, answeredBelow);
      session.outcomes.headMap(session.answeredBelow).clear();
    }
  }

  /** Remembers what came of a commit. */
  void record(long commitId, Outcome outcome) {
    Session session = sessions.get(CommitIds.session(commitId));
    if (session == null) {
      throw new IllegalStateException("a commit is decided without a session");
    }
    session.outcomes.put(CommitIds.number(commitId), outcome);
  }

  /** {@return how many sessions there are} */
  int count() {
    return sessions.size();
  }

  /** {@return the oldest use of any session, or the greatest long if there is none} */
  long oldestUse() {
    long oldest = Long.MAX_VALUE;
    for (Session session : sessions.values()) {
      oldest = Math.min(oldest, session.usedAt);
    }
    return oldest;
  }

  /** Forgets everything, as planted defects do. */
  void forgetAllOutcomes() {
    sessions.values().forEach(session -> session.outcomes.clear());
  }
}
