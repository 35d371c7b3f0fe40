package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.consensus.Event.Reason;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a driver, a peer or a storage may get wrong. */
class BadInputTest {
  private static final Configuration THREE = Configuration.ofNodes(1, 1, 2, 3);
  private static final Member ONE = new Member(1, 0);
  private static final Identity FIRST = new Identity(7, ONE);

  @Test
  void configuration_ofNobodyOrTooMany_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Configuration.ofNodes(1))
        .withMessageContaining("1 to 9");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Configuration.ofNodes(1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
        .withMessageContaining("10");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Configuration.ofNodes(1, 4, 4))
        .withMessageContaining("twice");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Configuration.ofNodes(0, 1))
        .withMessageContaining("positive");
  }

  @Test
  void quorums_thatDoNotMeet_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Configuration(1, THREE.members(), new Quorums(1, 2)))
        .withMessageContaining("add up to more");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Configuration(1, THREE.members(), new Quorums(4, 1)));
    assertThatIllegalArgumentException().isThrownBy(() -> new Quorums(0, 3));
  }

  @Test
  void bootstrap_ofWhoIsNotListed_isRefused() {
    Identity reborn = new Identity(7, new Member(1, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Replica.bootstrap(reborn, THREE, ReplicaOptions.defaults()))
        .withMessageContaining("join");
  }

  @Test
  void step_beforeStart_isRefused() {
    Replica replica = Replica.bootstrap(FIRST, THREE, ReplicaOptions.defaults());
    assertThatIllegalStateException()
        .isThrownBy(() -> replica.step(Input.TICK))
        .withMessageContaining("start()");
    var _ = replica.start();
    assertThatIllegalStateException().isThrownBy(replica::start);
  }

  @Test
  void persisted_ofAWriteThatWasNotAskedFor_isRefused() {
    Replica replica = Replica.bootstrap(FIRST, THREE, ReplicaOptions.defaults());
    var _ = replica.start();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> replica.step(new Input.Persisted(9)))
        .withMessageContaining("9");
    assertThat(replica.view().phase()).isEqualTo(Phase.FAILED);
    assertThat(replica.step(new Input.Campaign()).isNothing()).isTrue();
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReplicaOptions.defaults().withTicks(0, 1, 1))
        .withMessageContaining("electionTicks");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReplicaOptions.defaults().withPriority(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReplicaOptions.defaults().withLimits(1, 1, 0));
  }

  @Test
  void storedState_thatContradictsItself_isRefused() {
    Ballot low = new Ballot(1, 1, 0, 1);
    Ballot high = new Ballot(1, 2, 0, 1);
    Metadata metadata = new Metadata(FIRST, THREE, null, 0, high, low, 1);
    List<Entries> two = List.of(Texts.entries("a", "b"));
    assertThatIllegalArgumentException().isThrownBy(() -> new DurableState(metadata, 3, 0, 0, two));
    assertThatIllegalArgumentException().isThrownBy(() -> new DurableState(metadata, 1, 2, 0, two));
    assertThatIllegalArgumentException().isThrownBy(() -> new DurableState(metadata, 1, 0, 2, two));
    Metadata lost = new Metadata(FIRST, THREE, null, 0, low, high, 1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DurableState(lost, 1, 0, 0, two))
        .withMessageContaining("promised only");
  }

  @Test
  void stopSign_cutOffOrUnknown_isRefused() {
    byte[] encoded = new StopSign(THREE, Bytes.copyOf(new byte[] {1, 2})).encode();
    assertThat(StopSign.decode(encoded).next()).isEqualTo(THREE);
    assertThat(StopSign.decode(encoded).metadata().size()).isEqualTo(2);
    byte[] shorter = java.util.Arrays.copyOf(encoded, 20);
    assertThatIllegalArgumentException().isThrownBy(() -> StopSign.decode(shorter));
    assertThatIllegalArgumentException().isThrownBy(() -> StopSign.decode(new byte[] {9}));
    assertThatIllegalArgumentException().isThrownBy(() -> StopSign.decode(new byte[0]));
  }

  @Test
  void envelope_ofAnotherClusterOrForAnother_isCountedAndIgnored() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    Message.HeartbeatRequest request = new Message.HeartbeatRequest(5);
    Member two = lab.member(2);
    lab.inject(new Envelope(8, 1, two, ONE, request));
    assertThat(lab.network()).isEmpty();
    var _ =
        lab.replica(1).step(new Input.Receive(new Envelope(7, 1, two, new Member(1, 5), request)));
    assertThat(lab.replica(1).view().counters().refused()).isEqualTo(2);
  }

  @Test
  void envelope_ofAnotherIncarnation_isRefusedAndReported() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    Member reborn = new Member(2, 9);
    Ballot high = new Ballot(1, 99, 0, 2);
    lab.inject(new Envelope(7, 1, reborn, ONE, new Message.Prepare(high, 0, Ballot.NONE, 0)));
    assertThat(lab.node(1).events()).contains(new Event.IncarnationRefused(reborn, ONE));
    assertThat(lab.replica(1).view().ballots().promise().node()).isEqualTo(1);
  }

  @Test
  void proposal_tooLargeOrTooMany_isRejected() {
    Lab lab = new Lab(3, Lab.OPTIONS.withLimits(4, 100, 40), Set.of());
    lab.propose(2, "large");
    assertThat(lab.node(2).events())
        .contains(new Event.ProposalsRejected(Texts.entries("large"), Reason.TOO_LARGE));
    lab.propose(2, "a");
    lab.propose(2, "b");
    lab.propose(2, "c");
    assertThat(lab.node(2).events())
        .contains(new Event.ProposalsRejected(Texts.entries("c"), Reason.OVERLOADED));
  }

  /** What costs nothing in bytes still has its price in messages and memory. */
  @Test
  void entriesWithoutBytes_fillMessagesAndQueuesToo() {
    Lab lab = new Lab(3, Lab.OPTIONS.withLimits(160, 320, 400), Set.of());
    lab.lead(1);
    List<Integer> counts = new ArrayList<>();
    lab.pass(envelope -> {
      if (envelope.message() instanceof Message.AcceptDecide accept) {
        counts.add((int) Runs.count(accept.entries()));
      }
      return true;
    });
    lab.step(1, new Input.Propose(Entries.of(Collections.nCopies(100, new byte[0]))));
    assertThat(lab.replica(3).decidedIndex()).isEqualTo(100);
    assertThat(counts).isNotEmpty().allMatch(count -> count <= 10);

    lab.pass(Lab.isolate(1));
    Entries empty = Entries.of(Collections.nCopies(30, new byte[0]));
    for (int i = 0; i < 3; i++) {
      lab.step(1, new Input.Propose(empty)); // Appended, waiting, too much.
    }
    assertThat(lab.node(1).events())
        .containsOnlyOnce(new Event.ProposalsRejected(empty, Reason.OVERLOADED));
  }

  /** A snapshot that its source took anew has other bytes under the same name. */
  @Test
  void snapshotChunk_ofAnotherSize_beginsAnew() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.propose(1, "a");
    lab.pass(Lab.isolate(3));
    lab.propose(1, "b", "c");
    lab.node(1).snapshot(3, 3);
    lab.pass(envelope -> !(envelope.message() instanceof Message.FetchSnapshot));
    lab.step(3, new Input.Reconnected(lab.member(1)));
    SnapshotId id = SnapshotId.complete(3);
    Bytes half = Bytes.copyOf(new byte[] {'a', '\n', 'b'});
    lab.inject(1, 3, new Message.SnapshotChunk(id, 0, 5, half));
    lab.lose();
    lab.inject(1, 3, new Message.SnapshotChunk(id, 3, 6, half));
    assertThat(lab.network())
        .extracting(Envelope::message)
        .containsExactly(new Message.FetchSnapshot(id, 0));
    assertThat(lab.replica(3).decidedIndex()).isEqualTo(1);
    lab.passAll();
    lab.pump();
    assertThat(lab.node(3).applied()).containsExactly("a", "b", "c");
  }

  /** A lab in which replica 3 needs a snapshot of the leader, which is bad. */
  private static Lab labWithBadSnapshot() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.propose(1, "a");
    lab.pass(Lab.isolate(3));
    lab.propose(1, "b", "c");
    lab.node(1).snapshot(3, 3);
    lab.node(3).badSources().add(lab.member(1));
    lab.passAll();
    lab.step(3, new Input.Reconnected(lab.member(1)));
    return lab;
  }

  @Test
  void badSnapshot_isNotInstalled_andTheNextIsFetchedAfterAWhile() {
    Lab lab = labWithBadSnapshot();
    assertThat(lab.node(3).refused()).containsExactly(lab.member(1));
    assertThat(lab.replica(3).decidedIndex()).isEqualTo(1);
    lab.tick(20); // less than the resend timeout
    lab.step(3, new Input.Reconnected(lab.member(1)));
    assertThat(lab.node(3).refused()).hasSize(1);
    lab.node(3).badSources().clear();
    lab.tick(200);
    assertThat(lab.node(3).refused()).hasSize(1);
    assertThat(lab.node(3).applied()).containsExactly("a", "b", "c");
    lab.propose(1, "d");
    assertThat(lab.node(3).applied()).containsExactly("a", "b", "c", "d");
  }

  @Test
  void badSnapshots_areFetchedMoreAndMoreRarely_butNotTooRarely() {
    Lab lab = labWithBadSnapshot();
    lab.tick(30 * 40);
    int first = lab.node(3).refused().size();
    lab.tick(30 * 40);
    int second = lab.node(3).refused().size() - first;
    assertThat(first).isBetween(4, 7);
    assertThat(second).isBetween(0, 2);
    assertThat(lab.replica(3).decidedIndex()).isEqualTo(1);
    lab.tick(30 * 500);
    assertThat(lab.node(3).refused().size()).isBetween(first + 4, first + second + 9);
    lab.node(3).badSources().clear();
    lab.tick(30 * 80);
    assertThat(lab.node(3).applied()).containsExactly("a", "b", "c");
  }

  /** Others lead on from their own snapshots; a member that can only get a bad one waits. */
  @Test
  void badSnapshot_ofOneMember_isFetchedFromAnother_byWhoJoins() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.propose(1, "a", "b", "c");
    lab.tick(5);
    for (int i = 1; i <= 3; i++) {
      lab.node(i).snapshot(3, 3);
    }
    lab.join(Set.of());
    lab.node(4).badSources().addAll(List.of(lab.member(1), lab.member(2)));
    lab.step(1, new Input.Reconfigure(Configuration.ofNodes(2, 1, 2, 3, 4), Bytes.EMPTY));
    lab.tick(600);
    assertThat(lab.node(4).applied()).startsWith("a", "b", "c");
    assertThat(lab.node(4).refused()).doesNotHaveDuplicates();
    assertThat(lab.replica(4).view().configuration())
        .isEqualTo(Configuration.ofNodes(2, 1, 2, 3, 4));
  }

  /** What is said of a snapshot that is not fetched any more has no effect. */
  @Test
  void verdict_onWhatIsNotFetched_isIgnored() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.propose(1, "a");
    for (boolean isGood : List.of(true, false)) {
      lab.step(3, new Input.SnapshotChecked(SnapshotId.complete(9), lab.member(1), isGood));
    }
    lab.propose(1, "b");
    assertThat(lab.node(3).applied()).containsExactly("a", "b");
  }

  /** A follower has one round at a time, whatever it asks for. */
  @Test
  void readRequests_ofOneFollower_areAnsweredOnce() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    for (int round = 1; round <= 1000; round++) {
      lab.inject(2, 1, new Message.ReadIndexRequest(round));
    }
    List<Message> replies = new ArrayList<>();
    lab.pass(envelope -> {
      if (envelope.message() instanceof Message.ReadIndexReply) {
        replies.add(envelope.message());
      }
      return true;
    });
    lab.pump();
    assertThat(replies)
        .containsExactly(
            new Message.ReadIndexReply(1, 0, true), new Message.ReadIndexReply(1000, 0, true));
  }

  /** The log has a limit: the leader asks for room, and appends no more until there is some. */
  @Test
  void log_thatNobodyCompacts_isNotAppendedToBeyondItsLimit() {
    Lab lab = new Lab(3, Lab.OPTIONS.withLogBytesMax(170), Set.of());
    lab.lead(1);
    for (int i = 0; i < 20; i++) {
      lab.propose(1, Character.toString('a' + i));
    }
    assertThat(lab.replica(1).acceptedIndex()).isEqualTo(10);
    lab.tick(10);
    assertThat(lab.node(1).events()).contains(new Event.SnapshotWanted(10));
    lab.node(1).snapshot(10, 10);
    lab.tick(1);
    assertThat(lab.replica(1).acceptedIndex()).isEqualTo(20);
    assertThat(lab.node(3).applied()).hasSize(20);
  }

  @Test
  void proposal_ofAStopSign_isRefused() {
    StopSign stopSign = new StopSign(THREE, Bytes.EMPTY);
    assertThatIllegalArgumentException().isThrownBy(() -> new Input.Propose(Entries.of(stopSign)));
  }

  @Test
  void reconfiguration_toAnOlderOne_isRejected() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.step(1, new Input.Reconfigure(THREE, Bytes.EMPTY));
    assertThat(lab.node(1).events())
        .contains(
            new Event.ReconfigurationRejected(
                new StopSign(THREE, Bytes.EMPTY), Reason.OUTDATED_CONFIGURATION));
  }

  @Test
  void message_ofAnotherConfiguration_doesNothing_andWhoIsBehindIsTold() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    ReplicaView before = lab.replica(1).view();
    Message takeover = new Message.Prepare(new Ballot(1, 99, 2, 2), 0, Ballot.initial(1), 0);
    Envelope behind = new Envelope(7, 0, lab.member(2), lab.member(1), takeover);
    lab.inject(behind);
    assertThat(lab.network())
        .singleElement()
        .satisfies(answer -> {
          assertThat(answer.to()).isEqualTo(lab.member(2));
          assertThat(answer.message())
              .isInstanceOfSatisfying(
                  Message.Announce.class,
                  announce -> assertThat(announce.configuration().id()).isEqualTo(1));
        });
    lab.lose();
    lab.inject(new Envelope(7, 2, lab.member(2), lab.member(1), takeover));
    lab.node(1).forceAll(); // where it is must be durable before it says so
    assertThat(lab.network())
        .singleElement()
        .satisfies(answer -> assertThat(answer.message()).isEqualTo(new Message.Arrived(1)));
    assertThat(lab.replica(1).view().ballots()).isEqualTo(before.ballots());
  }

  @Test
  void snapshot_ofUndecidedEntries_isRefused() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.step(1, new Input.SnapshotTaken(5, 5, 5));
    assertThat(lab.node(1).events()).contains(new Event.TrimRefused(5, 0, Reason.NOT_DECIDED));
    assertThatIllegalArgumentException().isThrownBy(() -> new Input.SnapshotTaken(5, 6, 5));
  }

  @Test
  void trim_onAFollower_isRefused() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.step(2, new Input.Trim(0));
    assertThat(lab.node(2).events()).contains(new Event.TrimRefused(0, 0, Reason.NOT_LEADER));
  }

  @Test
  void read_withoutLeader_isRejected() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.step(2, new Input.Read(3));
    assertThat(lab.node(2).events()).contains(new Event.ReadRejected(List.of(3L)));
  }

  @Test
  void joiner_thatIsNoMember_refusesProposals() {
    Replica joiner = Replica.joining(FIRST, ReplicaOptions.defaults());
    var _ = joiner.start();
    Output output = joiner.step(new Input.Propose(Texts.entries("a")));
    assertThat(output.events())
        .containsExactly(new Event.ProposalsRejected(Texts.entries("a"), Reason.NOT_A_MEMBER));
  }

  @Test
  void entries_outOfRange_areRefused() {
    Entries two = Texts.entries("a", "bc");
    assertThatThrownBy(() -> two.slice(1, 3)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> two.entry(2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatIllegalArgumentException().isThrownBy(() -> Entries.fixedWidth(new byte[7], 2));
    Lab lab = new Lab(1, Lab.OPTIONS, Set.of());
    assertThatThrownBy(() -> lab.replica(1).read(0, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void synchronization_whoseIndicesContradict_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LogSync(null, 2, List.of(Texts.entries("a")), 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LogSync(SnapshotId.complete(3), 2, List.of(), 4));
    assertThatIllegalArgumentException().isThrownBy(() -> new SnapshotId(3, 3));
  }
}
