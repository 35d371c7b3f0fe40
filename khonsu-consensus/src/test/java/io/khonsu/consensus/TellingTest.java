package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.khonsu.consensus.Message.Decide;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When followers hear what is decided, if that may wait for entries to travel with. */
class TellingTest {
  private final Lab lab = new Lab(3, Lab.OPTIONS.withTellTicks(2), Set.of());

  TellingTest() {
    lab.lead(1);
    lab.propose(1, "a");
  }

  private void assertDecided(long leader, long followers) {
    assertThat(lab.replica(1).decidedIndex()).isEqualTo(leader);
    assertThat(lab.replica(2).decidedIndex()).isEqualTo(followers);
    assertThat(lab.replica(3).decidedIndex()).isEqualTo(followers);
  }

  @Test
  void decided_travelsWithTheNextEntries() {
    assertDecided(1, 0);
    lab.pass(envelope -> !(envelope.message() instanceof Decide));
    lab.propose(1, "b");
    assertDecided(2, 1);
  }

  @Test
  void decided_isToldWhenSomebodyWaits() {
    lab.step(1, Input.TELL_DECIDED);
    assertDecided(1, 1);
  }

  /** Whoever waits for entries that are not decided yet hears it in the step that decides them. */
  @Test
  void decidedLater_isToldToWhoWaited() {
    lab.pass(envelope -> !(envelope.message() instanceof Message.Accepted));
    lab.propose(1, "b");
    lab.step(1, Input.TELL_DECIDED);
    assertDecided(1, 1);
    lab.passAll();
    lab.inject(2, 1, accepted(2));
    lab.pump();
    assertDecided(2, 2);
  }

  private Message accepted(long index) {
    return new Message.Accepted(lab.replica(1).view().ballots().promise(), 1, index);
  }

  @Test
  void decided_isToldAfterAWhile() {
    lab.tick(2);
    assertDecided(1, 1);
  }

  @Test
  void tellDecided_byAFollower_doesNothing() {
    lab.step(2, Input.TELL_DECIDED);
    assertDecided(1, 0);
  }

  /** Whoever reads waits until it has applied what it was told to read. */
  @Test
  void read_byAFollower_bringsWhatItMustApply() {
    lab.step(3, new Input.Read(7));
    assertThat(lab.node(3).events()).contains(new Event.ReadReady(List.of(7L), 1));
    assertThat(lab.replica(3).decidedIndex()).isEqualTo(1);
    assertThat(lab.replica(2).decidedIndex()).isZero();
  }

  /** Nothing comes behind a stop-sign that its decision could travel with. */
  @Test
  void stopSign_isToldAtOnce() {
    lab.step(1, new Input.Reconfigure(Configuration.ofNodes(2, 1, 2, 3), Bytes.EMPTY));
    for (int node = 1; node <= 3; node++) {
      assertThat(lab.replica(node).view().ballots().promise().configuration()).isEqualTo(2);
    }
  }

  @Test
  void tellTicks_negative_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReplicaOptions.defaults().withTellTicks(-1))
        .withMessageContaining("tellTicks must not be negative, but is -1");
  }
}
