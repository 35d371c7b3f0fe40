package io.khonsu.consensus;

import io.khonsu.consensus.Message.Accepted;
import io.khonsu.consensus.Message.NotAccepted;
import io.khonsu.consensus.Message.Prepare;
import io.khonsu.consensus.Message.PrepareRequest;
import io.khonsu.consensus.Message.Promise;
import io.khonsu.consensus.deviation.Deviation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The leader's side of Sequence Paxos: collects promises, takes over the newest log, decides. */
final class Leader {
  private final Core core;
  private final Ledger ledger;
  private final Feed feed;

  private Ballot ballot = Ballot.NONE;
  private Progress[] members = {};
  private long[] sorted = {};

  /** The log with which the accept phase began, before anything was appended. */
  private LogBase base = new LogBase(Ballot.NONE, 0);

  /** How many entries must be decided before reads know what earlier leaders decided. */
  private long barrier;

  /** The write that must be done before the own log counts as accepted in this ballot. */
  private long baseWrite;

  private @Nullable Transfer transfer;
  private long ballotsLed;

  /** Whether what is decided must not wait any longer for entries to travel with. */
  private boolean mustTell;

  /** Somebody waits for the entries up to here to be decided. */
  private long awaitedIndex;

  Leader(Core core) {
    this.core = core;
    this.ledger = core.ledger();
    this.feed = new Feed(core);
  }

  Ballot ballot() {
    return ballot;
  }

  long ballotsLed() {
    return ballotsLed;
  }

  /** {@return how many entries are known to be accepted by the member in this ballot} */
  long accepted(int slot) {
    return members[slot].accepted;
  }

  boolean isAccepting() {
    return core.is(Role.LEADER, Phase.ACCEPT);
  }

  /** {@return whether all that earlier leaders decided is known to be decided} */
  boolean isPastBarrier() {
    return ledger.decidedIndex() >= barrier || core.deviates(Deviation.READ_BEFORE_BARRIER);
  }

  // Prepare phase.

  /** Starts to lead by {@code newBallot}, unless something as high was promised. */
  void begin(Ballot newBallot) {
    if (!newBallot.isAbove(ballot) || !newBallot.isAbove(ledger.promise())) {
      return;
    }
    ballotsLed++;
    ledger.promise(newBallot);
    enter(newBallot);
    core.become(Role.LEADER, Phase.PREPARE);
    for (int slot = 0; slot < core.size(); slot++) {
      if (slot != core.selfSlot()) {
        prepare(slot);
      }
    }
    // The own promise counts although it is not on disk yet: nobody accepts anything in this
    // ballot before it is, because Prepare waits for that, and all else for who was prepared.
    tryAccepting();
  }

  /** Goes on with a ballot of before a restart; a deviation. */
  void resume(Ballot oldBallot) {
    enter(oldBallot);
    base = new LogBase(ledger.acceptedRound(), ledger.acceptedIndex());
    core.become(Role.LEADER, Phase.ACCEPT);
  }

  private void enter(Ballot newBallot) {
    ballot = newBallot;
    transfer = null;
    awaitedIndex = 0;
    members = new Progress[core.size()];
    sorted = new long[core.size()];
    Promise own =
        new Promise(
            newBallot, ledger.acceptedRound(), ledger.acceptedIndex(), ledger.decidedIndex(), null);
    for (int slot = 0; slot < members.length; slot++) {
      members[slot] = new Progress(own);
    }
    members[core.selfSlot()].promised(own);
  }

  private void prepare(int slot) {
    core.sendAfterPersist(
        slot,
        new Prepare(ballot, ledger.decidedIndex(), ledger.acceptedRound(), ledger.acceptedIndex()));
  }

  void onPrepareRequest(int from, PrepareRequest request) {
    if (core.role() == Role.LEADER && !request.promise().isAbove(ballot)) {
      members[from].state = Progress.State.NOT_PROMISED;
      prepare(from);
    }
  }

  void onPromise(int from, Promise message) {
    if (core.role() != Role.LEADER || !message.ballot().equals(ballot)) {
      return;
    }
    members[from].promised(message);
    if (core.phase() == Phase.ACCEPT) {
      feed.synchronize(from, members[from], ballot, base);
    } else if (transfer == null) {
      tryAccepting();
    }
  }

  /** Takes the newest log of a quorum of promises, at once or after fetching it. */
  private void tryAccepting() {
    int promises = 0;
    int best = core.selfSlot();
    for (int slot = 0; slot < members.length; slot++) {
      if (members[slot].hasPromised()) {
        promises++;
        best = isNewer(slot, best) ? slot : best;
      }
    }
    if (promises < core.quorums().prepare()) {
      return;
    }
    Promise promise = members[best].promise;
    base = new LogBase(promise.acceptedRound(), promise.acceptedIndex());
    LogSync sync = promise.sync();
    if (best == core.selfSlot() || core.deviates(Deviation.IGNORE_BEST_PROMISE)) {
      base = new LogBase(ledger.acceptedRound(), ledger.acceptedIndex());
      accept(null, List.of());
    } else if (sync == null || !LogSyncs.isApplicable(core, sync)) {
      // It does not lead on from here: this promise is of no use.
      members[best].state = Progress.State.NOT_PROMISED;
    } else {
      transfer = new Transfer(core, best, ballot, sync);
      if (!sync.isComplete()) {
        transfer.request();
      }
      finishTransfer();
    }
  }

  private boolean isNewer(int slot, int best) {
    Promise promise = members[slot].promise;
    Promise other = members[best].promise;
    if (core.deviates(Deviation.LONGEST_LOG_WINS)) {
      return promise.acceptedIndex() > other.acceptedIndex() && promise.sync() != null;
    }
    return new LogBase(promise.acceptedRound(), promise.acceptedIndex())
        .isNewerThan(new LogBase(other.acceptedRound(), other.acceptedIndex()));
  }

  private void finishTransfer() {
    Transfer finished = transfer;
    if (finished != null && finished.isComplete()) {
      transfer = null;
      accept(finished.sync(), finished.entries());
    }
  }

  private void accept(@Nullable LogSync sync, List<Entries> entries) {
    long decided = 0;
    for (Progress member : members) {
      if (member.hasPromised()) {
        decided = Math.max(decided, member.promise.decidedIndex());
      }
    }
    if (sync == null) {
      ledger.accepted(ballot);
      LogSyncs.learnDecided(core, decided);
    } else {
      LogSyncs.apply(core, ballot, sync, entries, decided);
    }
    core.become(Role.LEADER, Phase.ACCEPT);
    barrier = ledger.acceptedIndex();
    baseWrite = ledger.nextWrite();
    for (int slot = 0; slot < members.length; slot++) {
      if (slot != core.selfSlot() && members[slot].hasPromised()) {
        feed.synchronize(slot, members[slot], ballot, base);
      }
    }
    core.event(new Event.BecameLeader(ballot));
  }

  // Accept phase.

  void onAccepted(int from, Accepted message) {
    if (!isAccepting() || !message.ballot().equals(ballot)) {
      return;
    }
    Progress member = members[from];
    member.accepted = Math.max(member.accepted, message.acceptedIndex());
    boolean synchronizing = member.state == Progress.State.SYNCHRONIZING;
    if (synchronizing && message.session() == member.session) {
      member.state = Progress.State.STREAMING;
      member.next = message.acceptedIndex();
    }
  }

  void onNotAccepted(int from, NotAccepted message) {
    if (core.role() == Role.LEADER && message.promise().isAbove(ballot)) {
      members[from].state = Progress.State.PROMISED_HIGHER;
    }
  }

  /** Lets the followers hear in this step what is decided. */
  void tellDecided() {
    mustTell = true;
  }

  /** Lets the followers hear at once when what there is now is decided. */
  void tellOnceDecided() {
    mustTell = true;
    awaitedIndex = ledger.acceptedIndex();
  }

  /** Lets a follower hear at once what is decided. */
  void tellDecided(int slot) {
    feed.tell(slot, members[slot], ballot);
  }

  /** Decides what a quorum has accepted, and tells the followers what is new. */
  void advance() {
    // A stop-sign is the last entry: nothing comes that what is decided could travel with.
    boolean tells = mustTell || core.options().tellTicks() == 0 || ledger.stopSign() != null;
    mustTell = false;
    if (!isAccepting()) {
      return;
    }
    members[core.selfSlot()].accepted = ledger.isPersisted(baseWrite) ? ledger.durableIndex() : 0;
    ledger.decide(Math.min(acceptedByQuorum(), ledger.acceptedIndex()));
    for (int slot = 0; slot < members.length; slot++) {
      if (slot != core.selfSlot()) {
        feed.stream(slot, members[slot], ballot);
        if (tells || members[slot].toldDecided < awaitedIndex) {
          tellDecided(slot);
        }
      }
    }
  }

  /** {@return how many entries a quorum has accepted in this ballot} */
  private long acceptedByQuorum() {
    for (int i = 0; i < members.length; i++) {
      long accepted = members[i].accepted;
      int place = i;
      while (place > 0 && sorted[place - 1] < accepted) {
        sorted[place] = sorted[place - 1];
        place--;
      }
      sorted[place] = accepted;
    }
    return sorted[core.quorums().accept() - 1];
  }

  // Transfers and timers.

  void onChunk(Member from, Message.SnapshotChunk chunk) {
    if (isPreparing() && transfer != null) {
      transfer.onChunk(from, chunk);
    }
  }

  /** The snapshot that was fetched is one: what is behind it comes next. */
  void onSnapshotArrived() {
    if (isPreparing() && transfer != null && transfer.hasSnapshot()) {
      transfer.request();
      finishTransfer();
    }
  }

  /** Whoever has sent it counts no more, until it has promised again. */
  void onSnapshotRefused() {
    if (isPreparing() && transfer != null && transfer.isSuperseded()) {
      giveUpTransfer();
    }
  }

  void onPage(int from, Message.EntriesPage page) {
    if (isPreparing() && transfer != null) {
      transfer.onPage(from, page);
      finishTransfer();
    }
  }

  void onSnapshotGone(Member from, Message.SnapshotGone message) {
    if (isPreparing() && transfer != null && transfer.isGone(from, message.snapshot())) {
      giveUpTransfer();
    }
  }

  /** Sends again what may be lost. */
  void resend() {
    if (core.role() != Role.LEADER) {
      return;
    }
    if (isPreparing() && transfer != null && !transfer.retry()) {
      giveUpTransfer();
    }
    for (int slot = 0; slot < members.length; slot++) {
      if (slot != core.selfSlot()) {
        resend(slot, members[slot]);
      }
    }
  }

  private void resend(int slot, Progress member) {
    switch (member.state) {
      case NOT_PROMISED -> prepare(slot);
      case PROMISED -> {
        if (isAccepting()) {
          feed.synchronize(slot, member, ballot, base);
        }
      }
      case STREAMING -> {
        boolean behind =
            member.accepted < ledger.acceptedIndex()
                || core.peers().decided(slot) < ledger.decidedIndex();
        if (isAccepting() && behind) {
          feed.tellAgain(slot, member, ballot);
        }
      }
      case SYNCHRONIZING -> feed.askWhetherSynchronized(slot, member, ballot);
      case PROMISED_HIGHER -> {}
    }
  }

  /** The source of the newest log is gone: what it promised counts no more. */
  private void giveUpTransfer() {
    Transfer given = Invariants.present(transfer, "there is a transfer to give up");
    transfer = null;
    members[given.source()].state = Progress.State.NOT_PROMISED;
    prepare(given.source());
    tryAccepting();
  }

  private boolean isPreparing() {
    return core.is(Role.LEADER, Phase.PREPARE);
  }
}
