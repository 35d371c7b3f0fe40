package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One replica of an OmniPaxos cluster, as a state machine: {@link #step} takes what happened and
 * returns what to do. It reads no clock, starts no thread, does no I/O; equal replicas given equal
 * inputs return equal outputs. Confined to one thread at a time.
 */
public final class Replica {
  private final Core core;
  private final Ledger ledger;
  private final Election election;
  private final Leader leader;
  private final Follower follower;
  private final Proposals proposals;
  private final Reads reads;
  private final Compaction compaction;
  private final Library library;
  private final CatchUp catchUp;
  private final Handover handover;
  private final Timers timers;
  private final Postman postman;

  private boolean started;

  /** How much the application was given, or has by a snapshot. */
  private long delivered;

  private Replica(Ledger ledger, ReplicaOptions options, Deviations deviations) {
    this.core = new Core(ledger, options, deviations);
    this.ledger = ledger;
    this.election = new Election(core);
    this.leader = new Leader(core);
    this.follower = new Follower(core);
    this.proposals = new Proposals(core);
    this.reads = new Reads(core, leader);
    this.compaction = new Compaction(core, leader);
    this.library = new Library(core);
    this.catchUp = new CatchUp(core, election);
    this.handover = new Handover(core, library);
    this.timers = new Timers(options);
    this.postman =
        new Postman(
            core,
            election,
            leader,
            follower,
            new Postman.Services(proposals, reads, compaction, library, catchUp, handover));
    this.delivered = ledger.log().start();
    core.enterConfiguration();
  }

  /**
   * Creates a member of a new cluster, with an empty log.
   *
   * @throws IllegalArgumentException if {@code configuration} does not list the member
   */
  public static Replica bootstrap(
      Identity identity, Configuration configuration, ReplicaOptions options) {
    return bootstrap(identity, configuration, options, Set.of());
  }

  /** As {@link #bootstrap(Identity, Configuration, ReplicaOptions)}, broken on purpose. */
  public static Replica bootstrap(
      Identity identity,
      Configuration configuration,
      ReplicaOptions options,
      Set<Deviation> deviations) {
    if (!configuration.contains(identity.member())) {
      throw new IllegalArgumentException(
          "member " + identity.member() + " is not in " + configuration + "; let it join instead");
    }
    Ballot initial = Ballot.initial(configuration.id());
    Metadata metadata = new Metadata(identity, configuration, null, 0, initial, initial, 1);
    return create(metadata, options, deviations);
  }

  /** Creates a replica that has nothing and waits until a configuration lists it. */
  public static Replica joining(Identity identity, ReplicaOptions options) {
    return joining(identity, options, Set.of());
  }

  /** As {@link #joining(Identity, ReplicaOptions)}, broken on purpose. */
  public static Replica joining(
      Identity identity, ReplicaOptions options, Set<Deviation> deviations) {
    Metadata metadata = new Metadata(identity, null, null, 0, Ballot.NONE, Ballot.NONE, 1);
    return create(metadata, options, deviations);
  }

  private static Replica create(
      Metadata metadata, ReplicaOptions options, Set<Deviation> deviations) {
    Deviations set = new Deviations(deviations);
    return new Replica(new Ledger(metadata, set), options, set);
  }

  /** Creates a replica from what its storage holds after a restart. */
  public static Replica recover(DurableState state, ReplicaOptions options) {
    return recover(state, options, Set.of());
  }

  /** As {@link #recover(DurableState, ReplicaOptions)}, broken on purpose. */
  public static Replica recover(
      DurableState state, ReplicaOptions options, Set<Deviation> deviations) {
    Deviations set = new Deviations(deviations);
    return new Replica(new Ledger(state, set), options, set);
  }

  /**
   * Begins. Call it once, before the first step. All decided entries that are kept come out again;
   * the application skips what it has applied.
   *
   * @return what to do first; as after a step
   */
  public Output start() {
    if (started) {
      throw new IllegalStateException("replica " + core.self() + " was started already");
    }
    started = true;
    begin();
    Ballot promise = ledger.promise();
    if (core.deviates(Deviation.RESUME_BALLOT_AFTER_RESTART)
        && promise.node() == core.self().node()) {
      leader.resume(promise);
    }
    return finishStep();
  }

  /** Every part begins in the configuration in force. */
  private void begin() {
    election.begin();
    follower.begin();
    reads.restart();
    compaction.begin();
    catchUp.begin();
    handover.begin();
    timers.begin();
  }

  /**
   * Takes an input.
   *
   * @return what to do, in the order that {@link Output} describes
   * @throws IllegalStateException if the replica was not started
   * @throws IllegalArgumentException if the input cannot be: the driver has a defect. Like after
   *     every exception, the replica does nothing more: recover another from the storage
   */
  public Output step(Input input) {
    Objects.requireNonNull(input, "input");
    if (!started) {
      throw new IllegalStateException("call start() before the first step");
    }
    if (core.phase() == Phase.FAILED) {
      return Output.NOTHING;
    }
    boolean isDone = false;
    try {
      handle(input);
      Output output = finishStep();
      isDone = true;
      return output;
    } finally {
      if (!isDone) {
        // What was half done must not go on; storage has what earlier steps wrote.
        core.become(Phase.FAILED);
      }
    }
  }

  private void handle(Input input) {
    switch (input) {
      case Input.Receive receive -> postman.deliver(receive.envelope());
      case Input.Persisted persisted -> ledger.persisted(persisted.number());
      case Input.Propose propose -> proposals.propose(propose.entries());
      case Input.Tick _ -> tick();
      case Input.Read read -> reads.read(read.id());
      case Input.Reconfigure reconfigure ->
          proposals.reconfigure(new StopSign(reconfigure.next(), reconfigure.metadata()));
      case Input.StorageFailed _ -> fail();
      case Input.Reconnected reconnected -> reconnected(reconnected.peer());
      case Input.Trim trim -> compaction.trim(trim.index());
      case Input.SnapshotTaken taken -> compaction.snapshotTaken(taken);
      case Input.SnapshotData data -> library.onSnapshotData(data);
      case Input.SnapshotChecked checked -> postman.snapshotChecked(checked);
      case Input.TellDecided _ -> leader.tellOnceDecided();
      case Input.Campaign _ -> campaign();
      case Input.SetPriority set -> election.setPriority(set.priority());
      case Input.Join join -> catchUp.join(join.seeds());
    }
  }

  private void tick() {
    timers.tick();
    if (timers.isElectionDue()) {
      compaction.wantSnapshot();
    }
    if (timers.isElectionDue() && core.role() != Role.PASSIVE) {
      ledger.recordDecided();
      Ballot ballot = election.endRound();
      if (ballot != null) {
        leader.begin(ballot);
      }
    }
    if (timers.isResendDue()) {
      core.resendDue();
      leader.resend();
      follower.resend();
      reads.resend();
      compaction.resend();
      catchUp.resend();
      handover.resend();
    }
    if (timers.isFlushDue()) {
      proposals.flushDue();
    }
    if (timers.isTellDue()) {
      leader.tellDecided();
    }
  }

  private void fail() {
    if (!core.deviates(Deviation.NO_FIX_12_FAIL_STOP)) {
      core.become(Phase.FAILED);
    }
  }

  private void reconnected(Member peer) {
    int slot = core.slot(peer);
    if (slot != Core.NOBODY && core.role() != Role.PASSIVE) {
      follower.requestPrepare(slot);
    }
  }

  private void campaign() {
    if (core.role() != Role.PASSIVE) {
      leader.begin(election.challenge());
    }
  }

  private Output finishStep() {
    if (core.phase() != Phase.FAILED) {
      do {
        proposals.advance();
        leader.advance();
        reads.advance();
      } while (changeConfiguration());
      deliver();
    }
    Persist persist = ledger.drain();
    return core.out().drain(persist);
  }

  private void deliver() {
    // What a snapshot stands for was delivered by it.
    delivered = Math.max(delivered, ledger.log().start());
    long decided = ledger.decidedIndex();
    if (delivered < decided) {
      core.out().decided(new Decided(delivered, ledger.log().range(delivered, decided)));
      delivered = decided;
    }
  }

  /** {@return whether another configuration is in force now} */
  private boolean changeConfiguration() {
    if (core.role() != Role.PASSIVE) {
      StopSign stopSign = ledger.stopSign();
      boolean decided = ledger.decidedIndex() == ledger.acceptedIndex();
      if (stopSign != null && (decided || core.deviates(Deviation.SWITCH_ON_ACCEPTED_STOP_SIGN))) {
        boolean led = leader.isAccepting();
        enter(stopSign.next(), ledger.acceptedIndex(), Ballot.initial(stopSign.next().id()));
        if (led && core.role() != Role.PASSIVE) {
          // Nobody else is as likely to be up to date, and the others follow at once.
          leader.begin(election.challenge());
        }
        return true;
      }
    }
    Configuration target = catchUp.target();
    if (target != null && catchUp.isReady()) {
      catchUp.apply();
      enter(target, catchUp.targetStart(), catchUp.promise());
      return true;
    }
    return false;
  }

  private void enter(Configuration next, long start, Ballot promise) {
    boolean wasMember = core.role() != Role.PASSIVE;
    ledger.begin(next, start, promise);
    core.enterConfiguration();
    boolean isMember = core.role() != Role.PASSIVE;
    core.event(new Event.ConfigurationStarted(next, start, isMember));
    if (wasMember && !isMember) {
      core.event(new Event.Removed(next));
    }
    begin();
  }

  /**
   * {@return what it does; {@link Role#PASSIVE} if it is in no configuration, or not in that in
   * force}
   */
  public Role role() {
    return core.role();
  }

  /** {@return the configuration in force, or null while it joins} */
  public @Nullable Configuration configuration() {
    return ledger.metadata().configuration();
  }

  /** {@return how many entries are decided} */
  public long decidedIndex() {
    return ledger.decidedIndex();
  }

  /** {@return how many entries are accepted} */
  public long acceptedIndex() {
    return ledger.acceptedIndex();
  }

  /** {@return the index of the first entry kept} */
  public long compactedIndex() {
    return ledger.log().start();
  }

  /**
   * {@return the entries from {@code from} to {@code to}, that excluded, decided or not}
   *
   * @throws IndexOutOfBoundsException if some are compacted or not there yet
   */
  public List<Entries> read(long from, long to) {
    return ledger.log().range(from, to);
  }

  /** {@return the state at this moment} */
  public ReplicaView view() {
    Metadata metadata = ledger.metadata();
    EntryLog log = ledger.log();
    return new ReplicaView(
        metadata.identity(),
        metadata.configuration(),
        core.role(),
        core.phase(),
        new ReplicaView.Ballots(
            metadata.promise(),
            metadata.acceptedRound(),
            election.own(),
            election.leader(),
            election.isHappy()),
        new ReplicaView.Log(
            log.start(),
            ledger.decidedIndex(),
            ledger.durableIndex(),
            log.end(),
            metadata.configurationStart(),
            ledger.snapshotIndex(),
            log.sizeBytes()),
        peers(),
        new ReplicaView.Counters(
            leader.ballotsLed(),
            core.synchronizations(),
            core.gaps(),
            core.refused(),
            proposals.pendingBytes(),
            reads.pending()));
  }

  private List<ReplicaView.Peer> peers() {
    List<ReplicaView.Peer> peers = new ArrayList<>();
    for (int slot = 0; slot < core.size(); slot++) {
      if (slot != core.selfSlot()) {
        long accepted = core.peers().accepted(slot);
        if (leader.isAccepting()) {
          accepted = Math.max(accepted, leader.accepted(slot));
        }
        peers.add(
            new ReplicaView.Peer(
                core.members().get(slot),
                core.role() != Role.PASSIVE && election.isConnected(slot),
                accepted,
                core.peers().decided(slot),
                Math.max(0, ledger.acceptedIndex() - accepted)));
      }
    }
    return peers;
  }
}
