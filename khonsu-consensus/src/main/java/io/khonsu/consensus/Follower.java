package io.khonsu.consensus;

import io.khonsu.consensus.Message.AcceptDecide;
import io.khonsu.consensus.Message.AcceptSync;
import io.khonsu.consensus.Message.Accepted;
import io.khonsu.consensus.Message.Decide;
import io.khonsu.consensus.Message.NotAccepted;
import io.khonsu.consensus.Message.Prepare;
import io.khonsu.consensus.Message.PrepareRequest;
import io.khonsu.consensus.Message.Promise;
import io.khonsu.consensus.deviation.Deviation;
import org.jspecify.annotations.Nullable;

/** The follower's side of Sequence Paxos: promises, synchronizes, accepts. */
final class Follower {
  private final Core core;
  private final Ledger ledger;
  private final Session session;

  /** What the last promise answered; it is answered again until the leader synchronizes. */
  private @Nullable Prepare prepare;

  /** A synchronization that is still being fetched, and the AcceptSync it belongs to. */
  private @Nullable Transfer transfer;

  private @Nullable AcceptSync pending;

  private Ballot announced = Ballot.NONE;

  Follower(Core core) {
    this.core = core;
    this.ledger = core.ledger();
    this.session = new Session(core);
  }

  /** Begins in the configuration in force. */
  void begin() {
    session.reset();
    forget();
    Ballot promise = ledger.promise();
    if (core.role() == Role.FOLLOWER && promise.hasLeader()) {
      core.become(Role.FOLLOWER, Phase.RECOVER);
      askAll();
    }
  }

  // Promises.

  /** Asks {@code peer} to prepare this replica again, in case it leads. */
  void requestPrepare(int peer) {
    if (peer == core.selfSlot()) {
      return;
    }
    if (core.members().get(peer).node() == ledger.promise().node()) {
      forget();
      core.become(Role.FOLLOWER, Phase.RECOVER);
    }
    core.send(peer, new PrepareRequest(ledger.promise()));
  }

  /** {@return whether the ballot was promised} */
  boolean onPrepare(int from, Prepare message) {
    int order = message.ballot().compareTo(ledger.promise());
    boolean again =
        core.role() == Role.FOLLOWER
            && (core.phase() == Phase.RECOVER
                || (core.phase() == Phase.ACCEPT
                    && !core.deviates(Deviation.NO_FIX_4_REPEATED_PREPARE)));
    boolean promises =
        order > 0 || (order == 0 && again) || core.deviates(Deviation.PROMISE_LOWER_BALLOT);
    if (!promises || message.ballot().configuration() != core.configurationId()) {
      return false;
    }
    if (order != 0) {
      ledger.promise(message.ballot());
    }
    if (order != 0 || core.deviates(Deviation.NO_FIX_6_STALE_SYNC)) {
      session.reset();
    }
    forget();
    core.become(Role.FOLLOWER, Phase.PREPARE);
    prepare = message;
    promise(from, message);
    return true;
  }

  private void promise(int to, Prepare message) {
    Ballot round = ledger.acceptedRound();
    long accepted = ledger.acceptedIndex();
    int order = round.compareTo(message.acceptedRound());
    LogSync sync = null;
    boolean longer = accepted > message.acceptedIndex();
    boolean anyLonger = longer && core.deviates(Deviation.LONGEST_LOG_WINS);
    if (order > 0 || (order == 0 && longer) || anyLonger) {
      long prefix = order != 0 ? message.decidedIndex() : message.acceptedIndex();
      sync = LogSyncs.create(core, prefix, message.decidedIndex());
      if (sync == null) {
        return; // It waits for a snapshot; the resend timer tries again.
      }
    }
    core.sendAfterPersist(
        to, new Promise(message.ballot(), round, accepted, ledger.decidedIndex(), sync));
  }

  // Accepting.

  void onAcceptSync(int from, AcceptSync message) {
    LogSync sync = message.sync();
    boolean fix6 = !core.deviates(Deviation.NO_FIX_6_STALE_SYNC);
    if (!isPromised(from, message.ballot())
        || core.role() != Role.FOLLOWER
        || !(core.phase() == Phase.PREPARE || (core.phase() == Phase.ACCEPT && fix6))) {
      return;
    }
    if (fix6
        && (message.session() <= session.session()
            || LogSyncs.shrinks(core, message.ballot(), sync))) {
      return;
    }
    if (!LogSyncs.isApplicable(core, sync)) {
      requestPrepare(from);
      return;
    }
    pending = message;
    transfer = new Transfer(core, from, message.ballot(), sync);
    if (!sync.isComplete()) {
      transfer.request();
      core.become(Phase.PREPARE);
    }
    finishTransfer();
  }

  private void finishTransfer() {
    Transfer finished = transfer;
    AcceptSync message = pending;
    if (finished == null || message == null || !finished.isComplete()) {
      return;
    }
    int leader = finished.source();
    forget();
    if (!LogSyncs.isApplicable(core, message.sync())) {
      requestPrepare(leader);
      return;
    }
    LogSyncs.apply(
        core, message.ballot(), message.sync(), finished.entries(), message.decidedIndex());
    prepare = null;
    core.become(Role.FOLLOWER, Phase.ACCEPT);
    session.open(message.session());
    accept(leader, message.ballot());
    if (!announced.equals(message.ballot())) {
      announced = message.ballot();
      core.event(new Event.FollowsLeader(announced));
    }
  }

  void onAcceptDecide(int from, AcceptDecide message) {
    if (!continues(from, message.ballot(), message.session(), message.counter())) {
      return;
    }
    boolean trusting =
        core.deviates(Deviation.IGNORE_SEQUENCE_GAP)
            || core.deviates(Deviation.NO_FIX_1_SEND_FROM_SYNC);
    if (message.startIndex() != ledger.acceptedIndex() && !trusting) {
      core.countGap();
      requestPrepare(from);
      return;
    }
    for (Entries run : message.entries()) {
      ledger.append(run);
    }
    ledger.decide(Math.min(message.decidedIndex(), ledger.acceptedIndex()));
    accept(from, message.ballot());
  }

  void onDecide(int from, Decide message) {
    if (session.isPast(message.session(), message.counter())
        && core.is(Role.FOLLOWER, Phase.ACCEPT)
        && message.ballot().equals(ledger.promise())) {
      accept(from, message.ballot()); // The leader has not heard what was accepted.
      return;
    }
    if (!continues(from, message.ballot(), message.session(), message.counter())) {
      return;
    }
    long decided = Math.min(message.decidedIndex(), ledger.acceptedIndex());
    if (decided > ledger.decidedIndex()) {
      ledger.decide(decided);
    } else {
      accept(from, message.ballot()); // The leader asks whether everything arrived.
    }
  }

  private void accept(int leader, Ballot ballot) {
    core.sendAfterPersist(leader, new Accepted(ballot, session.session(), ledger.acceptedIndex()));
  }

  private boolean continues(int from, Ballot ballot, long itsSession, long itsCounter) {
    if (!isPromised(from, ballot) || !core.is(Role.FOLLOWER, Phase.ACCEPT)) {
      return false;
    }
    if (!ballot.equals(ledger.promise())) {
      return true; // Only under a deviation.
    }
    return switch (session.check(itsSession, itsCounter)) {
      case EXPECTED -> true;
      case OUTDATED -> false;
      case GAP -> {
        core.countGap();
        core.event(
            new Event.GapDetected(core.members().get(from), session.counter() + 1, itsCounter));
        requestPrepare(from);
        yield false;
      }
    };
  }

  private boolean isPromised(int from, Ballot ballot) {
    int order = ledger.promise().compareTo(ballot);
    if (order > 0) {
      core.send(from, new NotAccepted(ledger.promise()));
      return core.deviates(Deviation.ACCEPT_LOWER_BALLOT);
    }
    if (order < 0) {
      requestPrepare(from); // Its Prepare is lost or late.
    }
    return order == 0;
  }

  // Transfers and timers.

  void onChunk(Member from, Message.SnapshotChunk chunk) {
    Transfer running = running();
    if (running != null) {
      running.onChunk(from, chunk);
    }
  }

  /** The snapshot that was fetched is one: what is behind it comes next. */
  void onSnapshotArrived() {
    Transfer running = running();
    if (running != null && running.hasSnapshot()) {
      running.request();
      finishTransfer();
    }
  }

  /** What was promised is said again after the resend timeout. */
  void onSnapshotRefused() {
    Transfer running = running();
    if (running != null && running.isSuperseded()) {
      forgetTransfer();
    }
  }

  void onPage(int from, Message.EntriesPage page) {
    Transfer running = running();
    if (running != null) {
      running.onPage(from, page);
      finishTransfer();
    }
  }

  /** {@return the transfer under way, unless this replica has begun to lead meanwhile} */
  private @Nullable Transfer running() {
    return core.is(Role.FOLLOWER, Phase.PREPARE) ? transfer : null;
  }

  void onSnapshotGone(Member from, Message.SnapshotGone message) {
    Transfer running = running();
    if (running != null && running.isGone(from, message.snapshot())) {
      forgetTransfer();
      promiseAgain();
    }
  }

  /** Sends again what may be lost. */
  void resend() {
    if (core.role() != Role.FOLLOWER) {
      return;
    }
    if (core.phase() == Phase.PREPARE) {
      if (transfer == null) {
        promiseAgain();
      } else if (!transfer.retry()) {
        forgetTransfer();
      }
    } else if (core.phase() == Phase.RECOVER) {
      askAll();
    }
  }

  private void promiseAgain() {
    Prepare last = prepare;
    int leader = core.slotOfNode(ledger.promise().node());
    if (last != null && leader != Core.NOBODY) {
      promise(leader, last);
    } else {
      core.become(Role.FOLLOWER, Phase.RECOVER);
      askAll();
    }
  }

  private void askAll() {
    for (int slot = 0; slot < core.size(); slot++) {
      if (slot != core.selfSlot()) {
        core.send(slot, new PrepareRequest(ledger.promise()));
      }
    }
  }

  /** Forgets what is under way; another ballot or state has made it void. */
  void forget() {
    prepare = null;
    forgetTransfer();
  }

  private void forgetTransfer() {
    transfer = null;
    pending = null;
  }
}
