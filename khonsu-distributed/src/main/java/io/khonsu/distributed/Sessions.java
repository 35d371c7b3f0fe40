package io.khonsu.distributed;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who commits, and what came of it: kept so that what is sent twice is applied once. Part of the
 * replicated state; equal on all replicas at equal indices. Not thread-safe.
 */
final class Sessions {
  /** Of one session, so many commits may be open; more are not applied. */
  static final int OPEN_MAX = 1 << 16;

  /** Of one session, outcomes take so many bytes at most; beyond, the oldest are forgotten. */
  static final long SESSION_BYTES_MAX = 16L << 20;

  /**
   * Of all sessions, so many: they are part of every checkpoint, which is one array. Beyond, the
   * outcomes of those that were used least recently are forgotten.
   */
  static final long BYTES_MAX = 256L << 20;

  /** What is kept then, so that it is not at every commit that sessions are looked through. */
  static final long BYTES_KEPT = BYTES_MAX / 4 * 3;

  /** What an outcome takes beside its answer. */
  private static final int OUTCOME_BYTES = 2 * Long.BYTES;

  /** Stands for the answer to a commit that was never applied; every other has a byte at least. */
  private static final byte[] NEVER = {};

  private final TreeMap<Long, Session> sessions = new TreeMap<>();
  private long lastSession;

  /** What the outcomes of all sessions take. */
  private long sizeBytes;

  /** One who commits. */
  private final class Session {
    /** Nothing is kept of commits with smaller numbers. */
    private long answeredBelow = 1;

    private long usedAt;
    private final TreeMap<Long, Outcome> outcomes = new TreeMap<>();
    private long outcomeBytes;

    private boolean isFull() {
      return outcomes.size() >= OPEN_MAX;
    }

    private void put(long number, Outcome outcome) {
      count(sizeOf(outcome) - sizeOf(outcomes.put(number, outcome)));
      shrink(SESSION_BYTES_MAX);
    }

    /**
     * Forgets the oldest outcomes that are more than so many bytes: who asks for them again, or
     * commits by so old a number, hears that it was answered. Else one commit that takes long would
     * keep all others of its session from being applied.
     */
    private void shrink(long bytesMax) {
      while (outcomeBytes > bytesMax) {
        answeredBelow = Math.max(answeredBelow, outcomes.firstKey() + 1);
        forgetBelow(answeredBelow);
      }
    }

    private void forgetBelow(long number) {
      while (!outcomes.isEmpty() && outcomes.firstKey() < number) {
        count(-sizeOf(outcomes.pollFirstEntry().getValue()));
      }
    }

    private void count(long bytes) {
      outcomeBytes += bytes;
      sizeBytes += bytes;
    }
  }

  private static long sizeOf(@Nullable Outcome outcome) {
    return outcome == null ? 0 : OUTCOME_BYTES + answerOf(outcome).length;
  }

  private static byte[] answerOf(Outcome outcome) {
    return outcome instanceof Outcome.Decided(byte[] answer) ? answer : NEVER;
  }

  /** {@return the number of a new session} */
  long open(long version) {
    lastSession++;
    Session session = new Session();
    session.usedAt = version;
    sessions.put(lastSession, session);
    return lastSession;
  }

  /** {@return whether there is or was a session of a number} */
  boolean wasOpened(long number) {
    return number <= lastSession;
  }

  /** Ends the sessions that did nothing since a version. */
  void expireBefore(long version) {
    sessions
        .values()
        .removeIf(session -> {
          boolean isExpired = session.usedAt < version;
          if (isExpired) {
            session.forgetBelow(Long.MAX_VALUE);
          }
          return isExpired;
        });
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
    if (known == null && session.isFull()) {
      return new Outcome.Again();
    }
    return known;
  }

  /**
   * Forgets what a session does not need any more, and notes that it is in use. Nobody hands in a
   * commit whose outcome he does not need: what is said of this commit itself, or later ones, does
   * not count.
   */
  void touch(long commitId, long answeredBelow, long version) {
    Session session = sessions.get(CommitIds.session(commitId));
    if (session != null) {
      session.usedAt = Math.max(session.usedAt, version);
      long below = Math.min(answeredBelow, CommitIds.number(commitId));
      session.answeredBelow = Math.max(session.answeredBelow, below);
      session.forgetBelow(session.answeredBelow);
    }
  }

  /** Remembers what came of a commit. */
  void record(long commitId, Outcome outcome) {
    Session session = sessions.get(CommitIds.session(commitId));
    if (session == null) {
      throw new IllegalStateException("a commit is decided without a session");
    }
    session.put(CommitIds.number(commitId), outcome);
    if (sizeBytes > BYTES_MAX) {
      forgetLeastRecent();
    }
  }

  /** In the same order on all replicas: who was used at the same version, goes by number. */
  private void forgetLeastRecent() {
    List<Session> byUse = new ArrayList<>(sessions.values());
    byUse.sort(Comparator.comparingLong(session -> session.usedAt));
    for (Session session : byUse) {
      if (sizeBytes <= BYTES_KEPT) {
        return;
      }
      session.shrink(0);
    }
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
        byte[] answer = answerOf(outcome);
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
    sizeBytes = 0;
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
        session.put(
            commit, answer.length == 0 ? new Outcome.NeverApplied() : new Outcome.Decided(answer));
      }
    }
  }

  /** Forgets everything, as planted defects do. */
  void forgetAllOutcomes() {
    sessions.values().forEach(session -> session.forgetBelow(Long.MAX_VALUE));
  }
}
