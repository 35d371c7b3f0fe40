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

  /** Records answers until no more are taken; {@return how many were} */
  private long fill(long session, int sizeBytes) {
    long number = 1;
    while (sessions.find(CommitIds.of(session, number)) == null) {
      sessions.record(CommitIds.of(session, number), answer(sizeBytes));
      number++;
    }
    assertThat(sessions.find(CommitIds.of(session, number))).isEqualTo(new Outcome.Again());
    return number - 1;
  }

  @Test
  void sessionThatIsFull_takesNothingMore_untilItNeedsLess() {
    long session = sessions.open(1);
    long other = sessions.open(1);
    long filled = fill(session, LARGE);
    assertThat(filled).isEqualTo(Sessions.SESSION_BYTES_MAX / LARGE);
    assertThat(sessions.find(CommitIds.of(session, 1))).isInstanceOf(Outcome.Decided.class);
    assertThat(sessions.find(CommitIds.of(other, 1))).isNull();

    long next = CommitIds.of(session, filled + 1);
    sessions.touch(next, 3, 2);
    assertThat(sessions.find(next)).isNull();
    assertThat(sessions.find(CommitIds.of(session, 2))).isEqualTo(new Outcome.Answered());
  }

  @Test
  void allSessionsTogether_haveABound_alsoAfterAStart_untilTheyEnd() {
    long first = sessions.open(1);
    long filled = fill(first, LARGE);
    long session = first;
    while (filled > 0) {
      session = sessions.open(2);
      filled = fill(session, LARGE);
    }
    byte[] encoded = sessions.encode();
    assertThat((long) encoded.length)
        .isBetween(Sessions.BYTES_MAX, Sessions.BYTES_MAX + 2L * LARGE);

    Sessions again = new Sessions();
    again.decode(encoded);
    assertThat(again.find(CommitIds.of(session, 1))).isEqualTo(new Outcome.Again());
    again.expireBefore(2); // the first
    assertThat(again.find(CommitIds.of(first, 1))).isEqualTo(new Outcome.NoSession());
    assertThat(again.find(CommitIds.of(session, 1))).isNull();
    again.decode(encoded);
    assertThat(again.find(CommitIds.of(session, 1))).isEqualTo(new Outcome.Again());
    assertThat(again.encode()).isEqualTo(encoded);
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
