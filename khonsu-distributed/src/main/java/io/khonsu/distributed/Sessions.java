package io.khonsu.distributed;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who commits, and what came of it: kept so that what is sent twice is applied once. Part of the
 * replicated state; equal on all replicas at equal indices. Not thread-safe.
 */
final class Sessions {
  /** Of one session, so many commits may be open; more are not applied. */
  static final int OPEN_MAX = 1 << 16;

  /** Stands for the answer to a commit that was never applied; every other has a byte at least. */
  private static final byte[] NEVER = {};

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

  /** {@return all of it, as {@link #decode} reads it} */
  byte[] encode() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    write(out, lastSession, sessions.size());
    sessions.forEach((number, session) -> {
      write(out, number, session.answeredBelow, session.usedAt, session.outcomes.size());
      session.outcomes.forEach((commit, outcome) -> {
        byte[] answer = outcome instanceof Outcome.Decided decided ? decided.answer() : NEVER;
        write(out, commit, answer.length);
        out.writeBytes(answer);
      });
    });
    return out.toByteArray();
  }

  private static void write(ByteArrayOutputStream out, long... numbers) {
    for (long number : numbers) {
      out.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(number).array());
    }
  }

  /** Becomes what was encoded. */
  void decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    sessions.clear();
    lastSession = in.getLong();
    for (long left = in.getLong(); left > 0; left--) {
      Session session = new Session();
      sessions.put(in.getLong(), session);
      session.answeredBelow = in.getLong();
      session.usedAt = in.getLong();
      for (long outcomes = in.getLong(); outcomes > 0; outcomes--) {
        long commit = in.getLong();
        byte[] answer = new byte[(int) in.getLong()];
        in.get(answer);
        session.outcomes.put(
            commit, answer.length == 0 ? new Outcome.NeverApplied() : new Outcome.Decided(answer));
      }
    }
  }

  /** Forgets everything, as planted defects do. */
  void forgetAllOutcomes() {
    sessions.values().forEach(session -> session.outcomes.clear());
  }
}
