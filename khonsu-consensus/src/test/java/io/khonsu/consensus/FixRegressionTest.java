package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.consensus.Message.AcceptSync;
import io.khonsu.consensus.Message.Accepted;
import io.khonsu.consensus.Message.Decide;
import io.khonsu.consensus.Message.PrepareRequest;
import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The rules that OmniPaxos needs beyond its usual descriptions, one by one: each test shows the
 * rule at work, and the same scenario going wrong without it.
 */
class FixRegressionTest {
  private static final Set<Deviation> NONE = Set.of();

  /** A synchronization moves the position from which the leader sends on. */
  @Test
  void fix1_followerSynchronizedWhileBehind_getsEveryEntryOnce() {
    assertThat(logAfterSync(NONE)).containsExactly("a", "b", "c", "d", "e");
    assertThat(logAfterSync(Set.of(Deviation.NO_FIX_1_SEND_FROM_SYNC)))
        .isNotEqualTo(List.of("a", "b", "c", "d", "e"));
  }

  private static List<String> logAfterSync(Set<Deviation> deviations) {
    // One entry at a time may be on its way to a follower.
    Lab lab = new Lab(3, Lab.OPTIONS.withLimits(100, 1, 1 << 20), deviations);
    lab.lead(1);
    lab.pass(envelope -> !(envelope.message() instanceof Accepted && Lab.isLink(envelope, 3, 1)));
    lab.propose(1, "a");
    lab.propose(1, "b");
    lab.propose(1, "c");
    lab.propose(1, "d");
    lab.passAll();
    lab.step(3, new Input.Reconnected(lab.member(1)));
    lab.propose(1, "e");
    return lab.log(3);
  }

  /** A leader that knows less than a follower does not lower what the follower knows. */
  @Test
  void fix2_leaderKnowsLessDecided_followerKeepsItsDecidedIndex() {
    assertThat(decidedAfterLatePromise(NONE)).isEqualTo(1);
    assertThat(decidedAfterLatePromise(Set.of(Deviation.NO_FIX_2_DECIDED_NEVER_FALLS))).isZero();
  }

  private static long decidedAfterLatePromise(Set<Deviation> deviations) {
    Lab lab = new Lab(5, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.pass(envelope -> !(envelope.message() instanceof Decide) || Lab.isLink(envelope, 1, 2));
    lab.propose(1, "a");
    assertThat(lab.replica(2).decidedIndex()).isEqualTo(1);
    // Three leads without having heard of it, and does not learn that all accept.
    lab.pass(envelope ->
        Lab.isolate(1).and(Lab.isolate(2)).test(envelope)
            && !(envelope.message() instanceof Accepted));
    lab.lead(3);
    lab.pass(
        envelope -> Lab.isolate(1).test(envelope) && !(envelope.message() instanceof Accepted));
    lab.step(2, new Input.Reconnected(lab.member(3)));
    assertThat(lab.replica(2).view().ballots().acceptedRound().node()).isEqualTo(3);
    return lab.replica(2).decidedIndex();
  }

  /** A delta leads on from what the follower had decided before. */
  @Test
  void fix3_deltaSnapshot_leadsOnFromTheOldDecidedIndex() {
    assertThat(installedSnapshot(NONE)).isEqualTo(new SnapshotId(5, 2));
    assertThatThrownBy(() -> installedSnapshot(Set.of(Deviation.NO_FIX_3_DELTA_FROM_OLD_DECIDED)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("base=4");
  }

  private static SnapshotId installedSnapshot(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.propose(1, "a", "b");
    lab.pass(Lab.isolate(3));
    lab.propose(1, "c", "d", "e");
    lab.node(1).snapshot(5, 0);
    lab.passAll();
    lab.step(3, new Input.Reconnected(lab.member(1)));
    assertThat(lab.node(3).applied()).containsExactly("a", "b", "c", "d", "e");
    return lab.node(3).events().stream()
        .filter(Event.SnapshotInstalled.class::isInstance)
        .map(event -> ((Event.SnapshotInstalled) event).snapshot())
        .findFirst()
        .orElseThrow();
  }

  /** A late request makes the leader prepare a follower again that is accepting already. */
  @Test
  void fix4_latePrepareRequest_doesNotLoseTheFollower() {
    assertThat(logAfterLateRequest(NONE)).containsExactly("a", "b");
    assertThat(logAfterLateRequest(Set.of(Deviation.NO_FIX_4_REPEATED_PREPARE)))
        .containsExactly("a");
  }

  private static List<String> logAfterLateRequest(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.propose(1, "a");
    lab.inject(3, 1, new PrepareRequest(lab.replica(3).view().ballots().promise()));
    lab.pump();
    lab.propose(1, "b");
    lab.tick(200);
    return lab.log(3);
  }

  /** What some member only accepted may still be asked for. */
  @Test
  void fix5_entriesNotDecidedByAll_areNotTrimmed() {
    assertThat(compactedAfterTrim(NONE)).isZero();
    assertThat(compactedAfterTrim(Set.of(Deviation.NO_FIX_5_TRIM_BELOW_DECIDED_BY_ALL)))
        .isEqualTo(1);
  }

  private static long compactedAfterTrim(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.pass(envelope -> !(envelope.message() instanceof Decide && envelope.to().node() == 3));
    lab.propose(1, "a");
    lab.step(1, new Input.Trim(1));
    return lab.replica(1).compactedIndex();
  }

  /** Only what is recorded as decided on disk is decided for good: a restart forgets the rest. */
  @Test
  void heartbeat_decidedButNotRecorded_saysSoOnlyOnceItIs() {
    Lab lab = new Lab(3, Lab.OPTIONS, NONE);
    lab.lead(1);
    lab.propose(1, "a");
    assertThat(lab.replica(3).decidedIndex()).isEqualTo(1);
    assertThat(saidDecided(lab)).isZero();
    for (int i = 0; i < 10; i++) {
      lab.step(3, Input.TICK);
    }
    assertThat(saidDecided(lab)).isEqualTo(1);
  }

  private static long saidDecided(Lab lab) {
    lab.inject(1, 3, new Message.HeartbeatRequest(99));
    Message reply = lab.network().getLast().message();
    return ((Message.HeartbeatReply) reply).durableDecided();
  }

  @Test
  void trim_onceAllHaveDecided_happensEverywhere() {
    Lab lab = new Lab(3, Lab.OPTIONS, NONE);
    lab.lead(1);
    lab.propose(1, "a", "b");
    lab.tick(30);
    lab.step(1, new Input.Trim(2));
    for (int node = 1; node <= 3; node++) {
      assertThat(lab.replica(node).compactedIndex()).isEqualTo(2);
    }
  }

  /** An old AcceptSync does not take back what was accepted, and reported, in the same ballot. */
  @Test
  void fix6_staleAcceptSync_doesNotShrinkTheLog() {
    assertThat(acceptedAfterStaleSync(NONE)).isEqualTo(2);
    assertThat(acceptedAfterStaleSync(Set.of(Deviation.NO_FIX_6_STALE_SYNC))).isZero();
  }

  private static long acceptedAfterStaleSync(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    List<Envelope> syncs = new ArrayList<>();
    lab.pass(envelope -> {
      if (envelope.message() instanceof AcceptSync && envelope.to().node() == 3) {
        syncs.add(envelope);
      }
      return !(envelope.message() instanceof Decide);
    });
    lab.lead(1);
    lab.propose(1, "a", "b");
    assertThat(lab.replica(3).acceptedIndex()).isEqualTo(2);
    // A late PrepareRequest makes the leader prepare again; its new synchronization is slow.
    lab.pass(envelope -> !(envelope.message() instanceof AcceptSync));
    lab.inject(3, 1, new PrepareRequest(lab.replica(3).view().ballots().promise()));
    lab.pump();
    lab.inject(syncs.getFirst());
    return lab.replica(3).acceptedIndex();
  }

  /** A replica that promised a ballot whose owner died is not left alone with it. */
  @Test
  void fix7_replicaWithDeadHigherPromise_isTakenBack() {
    assertThat(logOfStraggler(NONE)).containsExactly("a", "b");
    assertThat(logOfStraggler(Set.of(Deviation.NO_FIX_7_STRAGGLER_BUMP))).containsExactly("a");
  }

  private static List<String> logOfStraggler(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.propose(1, "a");
    lab.tick(30);
    lab.pass(Lab.isolate(3));
    lab.lead(3);
    lab.restart(3);
    lab.passAll();
    lab.tick(100);
    lab.propose(1, "b");
    lab.tick(100);
    return lab.log(3);
  }

  /** Doubled heartbeat replies do not make a quorum. */
  @Test
  void fix8_doubledReplies_doNotHideALostQuorum() {
    assertThat(isDecidedAfterQuorumLoss(NONE)).isTrue();
    assertThat(isDecidedAfterQuorumLoss(Set.of(Deviation.NO_FIX_8_REPLIES_BY_SENDER))).isFalse();
  }

  private static boolean isDecidedAfterQuorumLoss(Set<Deviation> deviations) {
    Lab lab = new Lab(5, Lab.OPTIONS, deviations);
    lab.lead(3);
    lab.tick(30);
    lab.copies(2);
    lab.pass(envelope -> envelope.from().node() == 1 || envelope.to().node() == 1);
    lab.tick(100);
    lab.propose(1, "a");
    lab.tick(50);
    return lab.replica(1).decidedIndex() == 1;
  }

  /** A delta that does not lead on from what is here is not taken. */
  @Test
  void fix9_deltaOfAnotherBase_isRefused() {
    assertThat(answersToWrongDelta(NONE))
        .contains(PrepareRequest.class)
        .doesNotContain(Message.FetchSnapshot.class);
    assertThat(answersToWrongDelta(Set.of(Deviation.NO_FIX_9_DELTA_BASE)))
        .contains(Message.FetchSnapshot.class);
  }

  private static List<Class<?>> answersToWrongDelta(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.propose(1, "a", "b");
    Ballot ballot = lab.replica(1).view().ballots().promise();
    LogSync sync = new LogSync(new SnapshotId(5, 1), 5, List.of(), 5);
    lab.inject(1, 3, new AcceptSync(ballot, 2, 5, sync));
    List<Class<?>> answers = new ArrayList<>();
    lab.network().forEach(envelope -> answers.add(envelope.message().getClass()));
    return answers;
  }

  /** A synchronization that starts below what is compacted here concerns only the rest. */
  @Test
  void fix10_syncBelowCompacted_keepsWhatIsThere() {
    assertThat(logAfterLowSync(NONE)).containsExactly("c", "d");
    assertThatThrownBy(() -> logAfterLowSync(Set.of(Deviation.NO_FIX_10_SYNC_ABOVE_COMPACTED)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("compacted");
  }

  private static List<String> logAfterLowSync(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.propose(1, "a", "b", "c");
    lab.node(3).snapshot(2, 3);
    Ballot ballot = lab.replica(1).view().ballots().promise();
    LogSync sync = new LogSync(null, 0, List.of(Texts.entries("a", "b", "c", "d")), 4);
    lab.inject(1, 3, new AcceptSync(ballot, 2, 3, sync));
    return lab.log(3);
  }

  /** A stop-sign is an entry like others: to receive it again does not lengthen the log. */
  @Test
  void fix11_stopSignSynchronizedAgain_countsOnce() {
    assertThat(logAfterSecondStopSign(NONE)).containsExactly("a", "stop2");
    assertThat(logAfterSecondStopSign(Set.of(Deviation.NO_FIX_11_STOP_SIGN_ONCE))).hasSize(3);
  }

  private static List<String> logAfterSecondStopSign(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    // Nobody learns that the stop-sign is decided.
    lab.pass(envelope -> !(envelope.message() instanceof Accepted));
    lab.propose(1, "a");
    StopSign stopSign = new StopSign(Configuration.ofNodes(2, 1, 2, 3), Bytes.EMPTY);
    lab.step(1, new Input.Reconfigure(stopSign.next(), stopSign.metadata()));
    assertThat(lab.log(3)).containsExactly("a", "stop2");
    Ballot ballot = lab.replica(1).view().ballots().promise();
    List<Entries> all = List.of(Texts.entries("a"), Entries.of(stopSign));
    lab.inject(1, 3, new AcceptSync(ballot, 2, 0, new LogSync(null, 0, all, 2)));
    return lab.log(3);
  }

  /** After its storage failed a replica says nothing more: its memory is ahead of its disk. */
  @Test
  void fix12_storageFailed_nothingLeaves() {
    assertThat(saysAfterFailure(NONE)).isEmpty();
    assertThat(saysAfterFailure(Set.of(Deviation.NO_FIX_12_FAIL_STOP))).isNotEmpty();
  }

  private static List<Envelope> saysAfterFailure(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    Replica follower = lab.replica(3);
    var _ = follower.step(new Input.StorageFailed());
    return Stream.generate(() -> follower.step(Input.TICK))
        .limit(100)
        .flatMap(output -> output.sendNow().stream())
        .toList();
  }

  @Test
  void fix12_batchAndStopSign_areOneWrite() {
    Lab lab = new Lab(1, Lab.OPTIONS.withBatchEntries(100), NONE);
    lab.lead(1);
    Replica replica = lab.replica(1);
    assertThat(replica.step(new Input.Propose(Texts.entries("a"))).isNothing()).isTrue();
    Output output = replica.step(new Input.Reconfigure(Configuration.ofNodes(2, 1), Bytes.EMPTY));
    Persist persist = Invariants.present(output.persist(), "the step writes");
    assertThat(Texts.of(persist.append())).containsExactly("a", "stop2");
  }

  /** Who waited at a leader that finds the log ended is told so. */
  @Test
  void fix13_proposalsBehindAStopSign_areRejected() {
    assertThat(eventsOfNewLeader(NONE))
        .contains(new Event.ProposalsRejected(Texts.entries("p"), Event.Reason.RECONFIGURING));
    assertThat(eventsOfNewLeader(Set.of(Deviation.NO_FIX_13_REJECT_BUFFERED)))
        .noneMatch(Event.ProposalsRejected.class::isInstance);
  }

  private static List<Event> eventsOfNewLeader(Set<Deviation> deviations) {
    Lab lab = new Lab(3, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.pass(
        envelope -> Lab.isolate(3).test(envelope) && !(envelope.message() instanceof Accepted));
    lab.step(1, new Input.Reconfigure(Configuration.ofNodes(2, 1, 2, 3), Bytes.EMPTY));
    lab.pass(envelope -> false);
    lab.lead(3);
    lab.propose(3, "p");
    lab.pass(
        envelope -> Lab.isolate(1).test(envelope) && !(envelope.message() instanceof Accepted));
    lab.tick(30);
    assertThat(lab.replica(3).view().phase()).isEqualTo(Phase.ACCEPT);
    return lab.node(3).events();
  }

  /** Who fetches what a ballot has decided accepts from no lower one any more. */
  @Test
  void laterBallot_decidedWhatWasFetched_isPromised() {
    assertThat(logAfterFetch(NONE)).isEmpty();
    assertThat(logAfterFetch(Set.of(Deviation.FETCH_WITHOUT_PROMISE))).containsExactly("z");
  }

  private static List<String> logAfterFetch(Set<Deviation> deviations) {
    Lab lab = new Lab(5, Lab.OPTIONS, deviations);
    lab.lead(1);
    lab.pass(Lab.isolate(3));
    lab.step(1, new Input.Reconfigure(Configuration.ofNodes(2, 1, 2, 3, 4, 5), Bytes.EMPTY));
    // The leader is cut off with a tail of its own, and another one decides.
    lab.pass(Lab.isolate(3).and(Lab.isolate(1)));
    lab.propose(1, "x", "y", "z");
    lab.lead(2);
    lab.propose(2, "a", "b");
    lab.node(2).snapshot(3, 3);
    // The third one has missed all of this, and hears the one, then the other.
    lab.pass(Lab.cut(2, 3).negate());
    lab.step(3, new Input.Reconnected(lab.member(2)));
    assertThat(lab.node(3).events()).contains(new Event.SnapshotInstalled(SnapshotId.complete(3)));
    lab.pass(Lab.cut(1, 3).negate());
    lab.tick(60);
    return lab.log(3);
  }
}
