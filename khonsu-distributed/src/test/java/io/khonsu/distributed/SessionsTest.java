package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
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

  /** Whoever commits now is not kept from it by what others keep, nor made to forget. */
  @Test
  void allSessionsTogether_haveABound_whoWasUsedLeastRecently_forgets() {
    long count = 2 * Sessions.BYTES_MAX / Sessions.SESSION_BYTES_MAX;
    for (long version = 1; version <= count; version++) {
      fill(sessions.open(version));
    }
    byte[] encoded = sessions.encode();
    assertThat((long) encoded.length)
        .isBetween(Sessions.BYTES_KEPT - LARGE, Sessions.BYTES_MAX + 1_000 * count);
    assertThat(sessions.find(CommitIds.of(1, 1))).isEqualTo(new Outcome.Answered());
    assertThat(sessions.find(CommitIds.of(1, Sessions.SESSION_BYTES_MAX / LARGE + 1))).isNull();
    assertThat(sessions.find(CommitIds.of(count, Sessions.SESSION_BYTES_MAX / LARGE - 1)))
        .isInstanceOf(Outcome.Decided.class);

    Sessions again = new Sessions();
    again.decode(encoded);
    long other = again.open(count + 1);
    for (Sessions each : List.of(sessions, again)) { // also after a start, and alike
      if (each == sessions) {
        assertThat(sessions.open(count + 1)).isEqualTo(other);
      }
      for (long number = 1; number <= Sessions.BYTES_MAX / LARGE; number++) {
        long id = CommitIds.of(other, number);
        each.touch(id, 1, count + 1 + number);
        assertThat(each.find(id)).isNull();
        each.record(id, answer(LARGE));
        assertThat(each.find(id)).isInstanceOf(Outcome.Decided.class);
      }
    }
    assertThat(again.encode()).isEqualTo(sessions.encode());
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
