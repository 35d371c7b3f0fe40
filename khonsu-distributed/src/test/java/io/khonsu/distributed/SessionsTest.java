package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is kept of commits has bounds, and nobody can say that others need nothing any more. */
class SessionsTest {
  private static final int LARGE = 1 << 20;

  private final Sessions sessions = new Sessions();

  private static Outcome answer(int sizeBytes) {
    return new Outcome.Decided(new byte[sizeBytes]);
  }

  /** Records answers of as many bytes as a session keeps. */
  private void fill(long session) {
    for (long number = 1; number <= Sessions.SESSION_BYTES_MAX / LARGE; number++) {
      sessions.record(CommitIds.of(session, number), answer(LARGE));
    }
  }

  /** The first one has no outcome yet, or nobody knows it: the others go on all the same. */
  @Test
  void sessionThatKeepsMuch_forgetsTheOldest() {
    long session = sessions.open(1);
    long kept = Sessions.SESSION_BYTES_MAX / LARGE;
    for (long number = 2; number <= 3 * kept; number++) {
      long id = CommitIds.of(session, number);
      sessions.touch(id, 1, 1);
      assertThat(sessions.find(id)).isNull();
      sessions.record(id, answer(LARGE));
      assertThat(sessions.find(id)).isInstanceOf(Outcome.Decided.class);
    }
    assertThat((long) sessions.encode().length).isLessThan(Sessions.SESSION_BYTES_MAX + LARGE);
    assertThat(sessions.find(CommitIds.of(session, 2))).isEqualTo(new Outcome.Answered());
    assertThat(sessions.find(CommitIds.of(session, 1))).isEqualTo(new Outcome.Answered());
    Sessions again = new Sessions();
    again.decode(sessions.encode());
    assertThat(again.encode()).isEqualTo(sessions.encode());
  }

  @Test
  void allSessionsTogether_keepLess_fromABoundOn_alsoAfterAStart() {
    long count = Sessions.BYTES_MAX / (Sessions.SESSION_BYTES_MAX - LARGE) + 1;
    for (long session = 1; session <= count; session++) {
      fill(sessions.open(1));
    }
    byte[] encoded = sessions.encode();
    assertThat((long) encoded.length)
        .isBetween(Sessions.BYTES_MAX, Sessions.BYTES_MAX + Sessions.SESSION_BYTES_MAX);

    Sessions again = new Sessions();
    again.decode(encoded);
    assertThat(again.encode()).isEqualTo(encoded);
    long other = again.open(2);
    for (long number = 1; number <= 2 * Sessions.SESSION_BYTES_MIN / 1_000; number++) {
      long id = CommitIds.of(other, number);
      again.touch(id, 1, 2);
      assertThat(again.find(id)).isNull(); // nobody is kept from committing by what others keep
      again.record(id, answer(1_000));
    }
    assertThat((long) again.encode().length)
        .isLessThan(encoded.length + Sessions.SESSION_BYTES_MIN + 2_000);
    long next = CommitIds.of(1, Sessions.SESSION_BYTES_MAX / LARGE + 1);
    assertThat(again.find(next)).isEqualTo(new Outcome.Again());
    again.touch(next, 1, 1);
    assertThat(again.find(next)).isNull();
    again.expireBefore(2);
    assertThat((long) again.encode().length).isLessThan(2 * Sessions.SESSION_BYTES_MIN);
  }

  @Test
  void outcomeThatReplacesAnother_countsOnce() {
    long session = sessions.open(1);
    for (int i = 0; i < 100; i++) {
      sessions.record(CommitIds.of(session, 1), answer(LARGE));
    }
    assertThat(sessions.find(CommitIds.of(session, 2))).isNull();
  }

  @Test
  void answeredBelow_reachesNoFurtherThanTheCommit_andNeverBack() {
    long session = sessions.open(1);
    sessions.touch(CommitIds.of(session, 5), Long.MAX_VALUE, 2);
    assertThat(sessions.find(CommitIds.of(session, 4))).isEqualTo(new Outcome.Answered());
    assertThat(sessions.find(CommitIds.of(session, 5))).isNull();
    sessions.touch(CommitIds.of(session, 6), -7, 2);
    assertThat(sessions.find(CommitIds.of(session, 4))).isEqualTo(new Outcome.Answered());
    assertThat(sessions.find(CommitIds.of(session, 5))).isNull();
  }
}
