package io.khonsu.consensus;

import io.khonsu.consensus.Event.Reason;
import io.khonsu.consensus.Event.SnapshotWanted;
import io.khonsu.consensus.Event.TrimRefused;
import io.khonsu.consensus.Event.Trimmed;
import io.khonsu.consensus.deviation.Deviation;

/**
 * Drops what nobody needs: entries that a snapshot of this replica stands for, or that every member
 * has decided. What all have decided can never be asked for again, because it can never be
 * overwritten; what all have only accepted can.
 */
final class Compaction {
  private final Core core;
  private final Ledger ledger;
  private final Leader leader;

  /** What the leader told the others to drop; told again to who has not. */
  private long trimIndex;

  Compaction(Core core, Leader leader) {
    this.core = core;
    this.ledger = core.ledger();
    this.leader = leader;
  }

  void begin() {
    trimIndex = 0;
  }

  /** Asks the driver to make room, before the log is so long that nothing is appended any more. */
  void wantSnapshot() {
    if (ledger.log().sizeBytes() > core.options().limits().logBytesMax() / 2
        && ledger.decidedIndex() > ledger.log().start()) {
      core.event(new SnapshotWanted(ledger.decidedIndex()));
    }
  }

  void snapshotTaken(Input.SnapshotTaken taken) {
    long bound = ledger.decidedIndex();
    if (taken.index() > bound && !isAllowedUndecided(taken.index())) {
      core.event(new TrimRefused(taken.index(), bound, Reason.NOT_DECIDED));
      return;
    }
    ledger.snapshotTaken(taken.index(), taken.deltaFloor());
    drop(taken.keepFrom());
  }

  void trim(long index) {
    if (!leader.isAccepting()) {
      core.event(new TrimRefused(index, 0, Reason.NOT_LEADER));
      return;
    }
    long bound = boundOfAll();
    if (index > bound && !isAllowedUndecided(index)) {
      core.event(new TrimRefused(index, bound, Reason.NOT_DECIDED_BY_ALL));
      return;
    }
    trimIndex = Math.max(trimIndex, index);
    drop(index);
    resend();
  }

  private long boundOfAll() {
    long bound = Math.min(ledger.durableIndex(), ledger.decidedIndex());
    for (int slot = 0; slot < core.size(); slot++) {
      if (slot != core.selfSlot()) {
        boolean accepted = core.deviates(Deviation.NO_FIX_5_TRIM_BELOW_DECIDED_BY_ALL);
        bound = Math.min(bound, accepted ? leader.accepted(slot) : core.peers().decided(slot));
      }
    }
    return bound;
  }

  private boolean isAllowedUndecided(long index) {
    return core.deviates(Deviation.TRIM_UNDECIDED) && index <= ledger.acceptedIndex();
  }

  /** The leader saw that all have decided so much. */
  void onTrim(Message.Trim message) {
    if (message.index() <= ledger.decidedIndex()) {
      drop(message.index());
    }
  }

  private void drop(long index) {
    long before = ledger.log().start();
    ledger.trim(index);
    if (ledger.log().start() > before) {
      core.event(new Trimmed(ledger.log().start()));
    }
  }

  /** Tells again who has not dropped what it may. */
  void resend() {
    if (trimIndex == 0 || !leader.isAccepting()) {
      return;
    }
    for (int slot = 0; slot < core.size(); slot++) {
      if (slot != core.selfSlot() && core.peers().compacted(slot) < trimIndex) {
        core.send(slot, new Message.Trim(leader.ballot(), trimIndex));
      }
    }
  }
}
