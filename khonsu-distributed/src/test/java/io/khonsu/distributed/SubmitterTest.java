package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When what waits for an outcome is sent, and what its owner is told in the end. */
class SubmitterTest {
  private static final long RESEND_NANOS = 100;
  private static final long DEADLINE_NANOS = 1_000;

  private final Submitter submitter = new Submitter(RESEND_NANOS);
  private final List<Object> told = new ArrayList<>();

  private Submission add(long number) {
    Submission submission = new Submission.Commit(CommitIds.of(1, number), 1, new byte[8]);
    submitter.add(
        submission,
        DEADLINE_NANOS,
        new Submitter.Owner() {
          @Override
          public void decided(Outcome outcome) {
            told.add(outcome);
          }

          @Override
          public void gaveUp(Submitter.Sent sent) {
            told.add(sent);
          }
        });
    return submission;
  }

  @Test
  void whatWasSent_isDueAgainAfterAWhile_andMayHaveArrivedWhenItIsGivenUp() {
    Submission submission = add(1);
    assertThat(submitter.due(0)).containsExactly(submission);
    submitter.sent(List.of(submission), 0);
    assertThat(submitter.due(RESEND_NANOS - 1)).isEmpty();
    assertThat(submitter.due(RESEND_NANOS)).containsExactly(submission);
    submitter.expire(DEADLINE_NANOS);
    assertThat(told).containsExactly(Submitter.Sent.MAYBE);
    assertThat(submitter.count()).isZero();
  }

  @Test
  void whatWasPostponed_isDueAgainAfterAWhile_andNobodyHasItWhenItIsGivenUp() {
    Submission submission = add(1);
    submitter.postponed(List.of(submission), 0);
    assertThat(submitter.due(RESEND_NANOS - 1)).isEmpty();
    assertThat(submitter.due(RESEND_NANOS)).containsExactly(submission);
    submitter.expire(DEADLINE_NANOS);
    assertThat(told).containsExactly(Submitter.Sent.NEVER);
  }

  @Test
  void whatIsAddedAgain_mayHaveArrivedBefore() {
    Submission submission = add(1);
    submitter.sent(List.of(submission), 0);
    assertThat(add(1)).isEqualTo(submission);
    assertThat(told).containsExactly(Submitter.Sent.MAYBE);
    submitter.postponed(List.of(submission), 0);
    submitter.expire(DEADLINE_NANOS);
    assertThat(told).containsExactly(Submitter.Sent.MAYBE, Submitter.Sent.MAYBE);
  }

  @Test
  void whatSomebodyHasAskedFor_hasThatOutcome() {
    Submission submission = add(1);
    Submission question = new Submission.Resolve(CommitIds.of(1, 1));
    submitter.sent(List.of(submission), 0);
    submitter.decided(question, new Outcome.Again()); // it is not known yet
    submitter.decided(new Submission.Resolve(CommitIds.of(1, 2)), new Outcome.NeverApplied());
    assertThat(told).isEmpty();
    submitter.decided(question, new Outcome.NeverApplied());
    assertThat(told).containsExactly(new Outcome.NeverApplied());
    assertThat(submitter.count()).isZero();
  }

  /** A node takes over sessions without their entries; of later ones the entries still come. */
  @Test
  void whatSessionsSay_thatWereTakenOver_isTold_butNothingOfLaterOnes() {
    Submission ended = add(1);
    submitter.sent(List.of(ended), 0);
    Sessions sessions = new Sessions();
    submitter.settle(sessions);
    assertThat(told).isEmpty(); // the session is opened later
    assertThat(sessions.open(5)).isEqualTo(1);
    submitter.settle(sessions);
    assertThat(told).isEmpty(); // the commit comes later
    sessions.expireBefore(6);
    submitter.settle(sessions);
    assertThat(told).containsExactly(Submitter.Sent.MAYBE);
    assertThat(submitter.count()).isZero();
  }

  @Test
  void whatNobodyWaitsFor_isNotedWithoutEffect() {
    Submission known = add(1);
    Submission foreign = new Submission.Commit(CommitIds.of(2, 1), 1, new byte[8]);
    submitter.sent(List.of(foreign), 0);
    submitter.decided(foreign, new Outcome.NeverApplied());
    assertThat(told).isEmpty();
    assertThat(submitter.due(0)).containsExactly(known);
    Outcome outcome = new Outcome.Decided(new byte[] {1});
    submitter.decided(known, outcome);
    assertThat(told).containsExactly(outcome);
    assertThat(submitter.count()).isZero();
  }
}
