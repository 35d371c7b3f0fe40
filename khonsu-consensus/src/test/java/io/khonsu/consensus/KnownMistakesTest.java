package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.consensus.Message.AcceptSync;
import io.khonsu.consensus.Message.Accepted;
import io.khonsu.consensus.Message.Decide;
import io.khonsu.consensus.Message.Prepare;
import io.khonsu.consensus.Message.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Mistakes that implementations of OmniPaxos made and mended; docs/consensus.md lists them. */
class KnownMistakesTest {
  private static Lab lab(int size) {
    return new Lab(size, Lab.OPTIONS, Set.of());
  }

  /** Ballots that travel by hearsay change leaders forever in a chain. */
  @Test
  void chainedReplicas_keepTheirLeader() {
    Lab lab = lab(3);
    lab.lead(2);
    lab.tick(30);
    Ballot before = lab.replica(2).view().ballots().promise();
    lab.pass(Lab.cut(2, 3));
    lab.tick(300);
    lab.propose(2, "a");
    assertThat(lab.replica(2).view().ballots().promise()).isEqualTo(before);
    assertThat(lab.replica(2).decidedIndex()).isEqualTo(1);
    assertThat(lab.replica(3).view().ballots().own().number()).isLessThan(3);
  }

  /** A leader that takes over no log still accepts its own in its ballot. */
  @Test
  void leaderWithTheNewestLog_acceptsItInItsBallot() {
    Lab lab = lab(3);
    lab.lead(1);
    lab.propose(1, "a");
    lab.lead(1);
    ReplicaView.Ballots ballots = lab.replica(1).view().ballots();
    assertThat(ballots.acceptedRound()).isEqualTo(ballots.promise());
  }

  /** A follower that accepted more than the log that was taken over keeps only what that has. */
  @Test
  void followerLongerThanTheBase_isCutToIt() {
    Lab lab = lab(5);
    lab.lead(1);
    lab.pass(envelope -> Lab.isLink(envelope, 1, 3));
    lab.propose(1, "only3");
    lab.pass(Lab.isolate(1).and(Lab.isolate(3)));
    lab.lead(2);
    lab.propose(2, "b");
    lab.passAll();
    lab.tick(60);
    assertThat(lab.log(3)).containsExactly("b");
    assertThat(lab.log(1)).containsExactly("b");
  }

  /** Deltas lead on from states that the driver still has; else the snapshot is complete. */
  @Test
  void deltaBelowItsFloor_isComplete() {
    Lab lab = lab(3);
    lab.lead(1);
    lab.propose(1, "a", "b");
    lab.pass(Lab.isolate(3));
    lab.propose(1, "c", "d", "e");
    lab.node(1).snapshot(5, 4);
    lab.passAll();
    lab.step(3, new Input.Reconnected(lab.member(1)));
    assertThat(lab.node(3).events()).contains(new Event.SnapshotInstalled(SnapshotId.complete(5)));
    assertThat(lab.node(3).applied()).hasSize(5);
  }

  /** A reconfiguration may be the first thing that a leader appends, and may come from afar. */
  @Test
  void reconfigurationFirst_fromAFollower_isDecided() {
    Lab lab = lab(3);
    lab.lead(1);
    lab.step(2, new Input.Reconfigure(Configuration.ofNodes(2, 1, 2, 3), Bytes.EMPTY));
    lab.tick(60);
    for (int node = 1; node <= 3; node++) {
      assertThat(lab.replica(node).view().ballots().promise().configuration()).isEqualTo(2);
    }
  }

  /** Nobody acknowledges a Decide: that of a stop-sign may be lost like others. */
  @Test
  void decideOfAStopSign_lost_isMadeUpFor() {
    Lab lab = lab(3);
    lab.lead(1);
    lab.pass(envelope -> !(envelope.message() instanceof Decide && envelope.to().node() == 3));
    lab.step(1, new Input.Reconfigure(Configuration.ofNodes(2, 1, 2, 3), Bytes.EMPTY));
    lab.tick(60);
    assertThat(lab.replica(3).view().ballots().promise().configuration()).isEqualTo(2);
  }

  /** Each message of the way to accepting may be lost once. */
  @Test
  void anyMessageLost_once_isRepaired() {
    for (Class<?> lost :
        List.of(
            Prepare.class,
            Promise.class,
            AcceptSync.class,
            Message.AcceptDecide.class,
            Accepted.class,
            Decide.class)) {
      Lab lab = lab(3);
      List<Envelope> losses = new ArrayList<>();
      lab.pass(envelope -> {
        boolean third = envelope.from().node() == 3 || envelope.to().node() == 3;
        boolean loses = third && losses.isEmpty() && lost.isInstance(envelope.message());
        if (loses) {
          losses.add(envelope);
        }
        return !loses;
      });
      lab.lead(1);
      lab.propose(1, "a");
      lab.tick(100);
      assertThat(losses).as(lost.getSimpleName()).hasSize(1);
      assertThat(lab.replica(3).decidedIndex()).as(lost.getSimpleName()).isEqualTo(1);
    }
  }

  /** A leader that restarts does not go on with its ballot: it may have forgotten what it sent. */
  @Test
  void restartedLeader_leadsOnlyByANewBallot() {
    Lab lab = lab(3);
    lab.lead(1);
    lab.propose(1, "a");
    Ballot before = lab.replica(1).view().ballots().promise();
    lab.restart(1);
    assertThat(lab.replica(1).view().role()).isEqualTo(Role.FOLLOWER);
    lab.tick(100);
    lab.propose(2, "b");
    assertThat(lab.replica(1).view().ballots().promise().isAbove(before)).isTrue();
    assertThat(lab.log(1)).containsExactly("a", "b");
  }

  /** What fills no batch does not wait for others forever. */
  @Test
  void halfFullBatch_isFlushedByTime() {
    Lab lab = new Lab(3, Lab.OPTIONS.withBatchEntries(10).withTicks(10, 30, 5), Set.of());
    lab.lead(1);
    lab.propose(1, "a");
    assertThat(lab.replica(1).decidedIndex()).isZero();
    lab.tick(5);
    assertThat(lab.replica(1).decidedIndex()).isEqualTo(1);
  }

  /** To lead at once takes a ballot above what was promised, not above one's own. */
  @Test
  void campaign_afterPromisingMore_leads() {
    Lab lab = lab(3);
    for (int i = 0; i < 5; i++) {
      lab.lead(1);
    }
    lab.lead(2);
    assertThat(lab.replica(2).view().role()).isEqualTo(Role.LEADER);
    assertThat(lab.replica(1).view().leader()).isEqualTo(2);
  }

  /** Nodes are numbers, not places in an array. */
  @Test
  void nodesWithGapsBetween_work() {
    Member member = new Member(4_000_000_000L, 3);
    Configuration configuration =
        new Configuration(9, List.of(member, new Member(7, 0)), new Quorums(1, 2));
    Replica replica = Replica.bootstrap(new Identity(1, member), configuration, Lab.OPTIONS);
    var _ = replica.start();
    Output output = replica.step(new Input.Campaign());
    assertThat(output.sendAfterPersist())
        .extracting(Envelope::to)
        .containsExactly(new Member(7, 0));
  }

  /** Believing each other to lead, two replicas do not pass a proposal on forever. */
  @Test
  void proposal_isPassedOnAtMostTwice() {
    Lab lab = lab(3);
    lab.lead(1);
    Message.ForwardProposals tired = new Message.ForwardProposals(Texts.entries("a"), 2);
    lab.inject(3, 2, tired);
    assertThat(lab.network()).isEmpty();
    assertThat(lab.replica(2).view().counters().refused()).isEqualTo(1);
  }

  /** A leader that was away while others went on to the next configuration leaves them theirs. */
  @Test
  void formerLeader_thatCatchesUp_deposesNobody() {
    Lab lab = lab(3);
    lab.lead(1);
    lab.pass(Lab.isolate(1));
    lab.lead(2);
    lab.step(2, new Input.Reconfigure(Configuration.ofNodes(2, 1, 2, 3), Bytes.EMPTY));
    lab.propose(2, "a", "b");
    lab.node(2).snapshot(3, 3);
    Ballot before = lab.replica(2).view().ballots().promise();
    assertThat(lab.replica(1).view().role()).isEqualTo(Role.LEADER);
    lab.passAll();
    lab.step(1, new Input.Reconnected(lab.member(2)));
    lab.tick(60);
    assertThat(lab.node(1).applied()).containsSequence("a", "b");
    assertThat(lab.replica(2).view().role()).isEqualTo(Role.LEADER);
    assertThat(lab.replica(2).view().ballots().promise()).isEqualTo(before);
  }
}
