package io.khonsu.consensus;

import io.khonsu.consensus.Event.ProposalsRejected;
import io.khonsu.consensus.Event.Reason;
import io.khonsu.consensus.Event.ReconfigurationRejected;
import io.khonsu.consensus.Message.ForwardProposals;
import io.khonsu.consensus.Message.ForwardReconfiguration;
import io.khonsu.consensus.deviation.Deviation;
import org.jspecify.annotations.Nullable;

/** Brings proposals to whoever leads, and appends them there, in batches. */
final class Proposals {
  /** Replicas that believe each other to lead do not pass a proposal on forever. */
  private static final int HOPS_MAX = 2;

  private final Core core;
  private final Ledger ledger;
  private final ProposalQueue queue;
  private @Nullable StopSign waitingStopSign;
  private boolean flushDue;

  Proposals(Core core) {
    this.core = core;
    this.ledger = core.ledger();
    this.queue = new ProposalQueue(core.options().limits().pendingBytesMax());
  }

  long pendingBytes() {
    return queue.sizeBytes();
  }

  void propose(Entries entries) {
    Reason reason = refusal(entries);
    if (reason != null) {
      core.event(new ProposalsRejected(entries, reason));
    } else if (!take(entries, 0)) {
      core.event(new ProposalsRejected(entries, Reason.OVERLOADED));
    }
  }

  private @Nullable Reason refusal(Entries entries) {
    if (core.role() == Role.PASSIVE) {
      return Reason.NOT_A_MEMBER;
    }
    for (int i = 0; i < entries.count(); i++) {
      if (entries.sizeBytes(i) > core.options().limits().messageBytesMax()) {
        return Reason.TOO_LARGE;
      }
    }
    return isSealed() ? Reason.RECONFIGURING : null;
  }

  void onForward(ForwardProposals message) {
    if (message.entries().isStopSign() || refusal(message.entries()) != null) {
      core.countRefused();
    } else if (!take(message.entries(), message.hops())) {
      core.countRefused();
    }
  }

  /** {@return whether there was room} */
  private boolean take(Entries entries, int hops) {
    int leader = leaderElsewhere();
    if (entries.count() == 0) {
      return true;
    }
    if (leader == Core.NOBODY) {
      return queue.offer(entries);
    }
    if (hops >= HOPS_MAX) {
      return false;
    }
    forward(leader, entries, hops + 1);
    return true;
  }

  private void forward(int leader, Entries entries, int hops) {
    int from = 0;
    while (from < entries.count()) {
      int count = entries.countWithin(from, core.options().limits().messageBytesMax());
      core.send(leader, new ForwardProposals(entries.slice(from, from + count), hops));
      from += count;
    }
  }

  /** {@return who leads, if it is known and somebody else; else {@link Core#NOBODY}} */
  private int leaderElsewhere() {
    long node = ledger.promise().node();
    boolean elsewhere = core.role() != Role.LEADER && node != core.self().node();
    return elsewhere ? core.slotOfNode(node) : Core.NOBODY;
  }

  // Reconfiguration.

  void reconfigure(StopSign stopSign) {
    Reason reason = refusal(stopSign);
    if (reason != null) {
      core.event(new ReconfigurationRejected(stopSign, reason));
    } else {
      take(stopSign, 0);
    }
  }

  private @Nullable Reason refusal(StopSign stopSign) {
    if (core.role() == Role.PASSIVE) {
      return Reason.NOT_A_MEMBER;
    }
    if (stopSign.next().id() <= core.configurationId()) {
      return Reason.OUTDATED_CONFIGURATION;
    }
    if (stopSign.encode().length > core.options().limits().messageBytesMax()) {
      return Reason.TOO_LARGE;
    }
    return isSealed() || waitingStopSign != null ? Reason.RECONFIGURING : null;
  }

  void onForward(ForwardReconfiguration message) {
    if (refusal(message.stopSign()) != null || message.hops() > HOPS_MAX) {
      core.countRefused();
    } else {
      take(message.stopSign(), message.hops());
    }
  }

  private void take(StopSign stopSign, int hops) {
    int leader = leaderElsewhere();
    if (leader == Core.NOBODY) {
      waitingStopSign = stopSign;
    } else {
      core.send(leader, new ForwardReconfiguration(stopSign, hops + 1));
    }
  }

  // Appending.

  void flushDue() {
    flushDue = true;
  }

  /** Appends what waits, or passes it on, or refuses it if it can never be appended. */
  void advance() {
    if (queue.isEmpty() && waitingStopSign == null) {
      return;
    }
    if (core.role() == Role.PASSIVE) {
      rejectAll(Reason.NOT_A_MEMBER);
    } else if (core.is(Role.LEADER, Phase.ACCEPT)) {
      append();
    } else if (core.is(Role.FOLLOWER, Phase.ACCEPT)) {
      passOn();
    }
    flushDue = false;
  }

  private void append() {
    if (isSealed()) {
      if (!core.deviates(Deviation.NO_FIX_13_REJECT_BUFFERED)) {
        rejectAll(Reason.RECONFIGURING);
      }
      return;
    }
    boolean ready =
        flushDue || waitingStopSign != null || queue.entries() >= core.options().batchEntries();
    while (ready && hasRoom()) {
      Entries run = queue.poll();
      if (run == null) {
        break;
      }
      ledger.append(run);
    }
    StopSign stopSign = waitingStopSign;
    if (stopSign != null && queue.isEmpty()) {
      waitingStopSign = null;
      appendStopSign(stopSign);
    }
  }

  private void appendStopSign(StopSign stopSign) {
    if (stopSign.next().id() <= core.configurationId()) {
      core.event(new ReconfigurationRejected(stopSign, Reason.OUTDATED_CONFIGURATION));
    } else {
      ledger.append(Entries.of(stopSign));
    }
  }

  /**
   * What is not decided is limited as what waits is, so that a lonely leader's log is, too; and
   * what is not compacted has a limit of its own.
   */
  private boolean hasRoom() {
    EntryLog log = ledger.log();
    long undecided = log.bytesAt(log.end()) - log.bytesAt(ledger.decidedIndex());
    return undecided < core.options().limits().pendingBytesMax()
        && log.sizeBytes() < core.options().limits().logBytesMax();
  }

  private void passOn() {
    int leader = leaderElsewhere();
    if (leader == Core.NOBODY) {
      return;
    }
    for (Entries run = queue.poll(); run != null; run = queue.poll()) {
      forward(leader, run, 1);
    }
    StopSign stopSign = waitingStopSign;
    if (stopSign != null) {
      waitingStopSign = null;
      core.send(leader, new ForwardReconfiguration(stopSign, 1));
    }
  }

  private void rejectAll(Reason reason) {
    for (Entries run = queue.poll(); run != null; run = queue.poll()) {
      core.event(new ProposalsRejected(run, reason));
    }
    StopSign stopSign = waitingStopSign;
    if (stopSign != null) {
      waitingStopSign = null;
      core.event(new ReconfigurationRejected(stopSign, reason));
    }
  }

  private boolean isSealed() {
    return ledger.stopSign() != null && !core.deviates(Deviation.APPEND_BEHIND_STOP_SIGN);
  }
}
