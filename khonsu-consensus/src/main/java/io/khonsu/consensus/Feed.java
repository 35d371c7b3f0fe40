package io.khonsu.consensus;

import io.khonsu.consensus.Message.AcceptDecide;
import io.khonsu.consensus.Message.AcceptSync;
import io.khonsu.consensus.Message.Decide;
import io.khonsu.consensus.deviation.Deviation;
import java.util.List;

/**
 * Brings one follower up to the leader's log and keeps it there. Messages are cut from the log at a
 * cursor when they are sent, never changed afterwards, so that none can be extended behind the back
 * of a synchronization.
 */
final class Feed {
  private final Core core;
  private final Ledger ledger;

  Feed(Core core) {
    this.core = core;
    this.ledger = core.ledger();
  }

  /**
   * Makes a follower's log equal to the leader's.
   *
   * @param base what the leader's own log was when it began to accept
   */
  void synchronize(int slot, Progress progress, Ballot ballot, LogBase base) {
    Message.Promise promise = progress.promise;
    LogSync sync =
        LogSyncs.create(core, validPrefix(promise, ballot, base), promise.decidedIndex());
    if (sync == null) {
      return; // It waits for a snapshot; the resend timer tries again.
    }
    boolean keepsCursor = core.deviates(Deviation.NO_FIX_1_SEND_FROM_SYNC) && progress.session > 0;
    progress.session++;
    progress.counter = 1;
    progress.toldDecided = ledger.decidedIndex();
    if (!keepsCursor) {
      progress.next = sync.pageEnd();
    }
    progress.state =
        sync.isComplete() || core.deviates(Deviation.SYNC_FIRST_PAGE_ONLY)
            ? Progress.State.STREAMING
            : Progress.State.SYNCHRONIZING;
    core.send(slot, new AcceptSync(ballot, progress.session, ledger.decidedIndex(), sync));
    core.countSynchronization();
  }

  /** {@return how many of the follower's entries are surely those of this ballot} */
  private long validPrefix(Message.Promise promise, Ballot ballot, LogBase base) {
    if (promise.acceptedRound().equals(ballot)) {
      return promise.acceptedIndex();
    }
    if (core.deviates(Deviation.SYNC_FROM_ACCEPTED_INDEX)) {
      return promise.acceptedIndex();
    }
    if (promise.acceptedRound().equals(base.round())) {
      return Math.min(promise.acceptedIndex(), base.length());
    }
    return promise.decidedIndex();
  }

  /** Sends what the follower was not sent, as far as the window lets. */
  void stream(int slot, Progress progress, Ballot ballot) {
    if (progress.state != Progress.State.STREAMING) {
      return;
    }
    EntryLog log = ledger.log();
    while (progress.next < log.end() && hasRoom(log, progress)) {
      if (progress.next < log.start()) {
        // Compacted meanwhile; it needs a snapshot now.
        progress.state = Progress.State.NOT_PROMISED;
        return;
      }
      List<Entries> runs =
          log.range(progress.next, log.end(), core.options().limits().messageBytesMax());
      core.send(
          slot,
          new AcceptDecide(
              ballot,
              progress.session,
              ++progress.counter,
              progress.next,
              runs,
              ledger.decidedIndex()));
      progress.next += Runs.count(runs);
      progress.toldDecided = ledger.decidedIndex();
    }
  }

  /** Tells how much is decided, if the follower was not told and is not sent it otherwise. */
  void tell(int slot, Progress progress, Ballot ballot) {
    if (progress.state == Progress.State.STREAMING
        && progress.toldDecided < ledger.decidedIndex()) {
      tellAgain(slot, progress, ballot);
    }
  }

  /** Tells how much is decided, perhaps again: if anything before it was lost, this shows it. */
  void tellAgain(int slot, Progress progress, Ballot ballot) {
    progress.toldDecided = ledger.decidedIndex();
    core.send(
        slot, new Decide(ballot, progress.session, ++progress.counter, ledger.decidedIndex()));
  }

  /** Makes a follower say again how far it is, in case its Accepted was lost. */
  void askWhetherSynchronized(int slot, Progress progress, Ballot ballot) {
    core.send(slot, new Decide(ballot, progress.session, progress.counter, ledger.decidedIndex()));
  }

  private boolean hasRoom(EntryLog log, Progress progress) {
    long underWay = log.bytesAt(progress.next) - log.bytesAt(progress.accepted);
    return progress.next == progress.accepted
        || underWay < core.options().limits().windowBytesMax();
  }
}
