package io.khonsu.consensus;

import io.khonsu.consensus.Message.ConfirmLeader;
import io.khonsu.consensus.Message.LeaderConfirmed;
import io.khonsu.consensus.Message.ReadIndexReply;
import io.khonsu.consensus.Message.ReadIndexRequest;
import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;

/**
 * Linearizable reads without the log. The leader notes how much is decided, asks an accept quorum
 * whether its ballot still is the highest, and then knows that nothing else was decided before it
 * asked. All reads that wait share one round. Followers ask the leader for the index.
 */
final class Reads {
  /** Reads beyond so many that wait are rejected. */
  private static final int WAITING_MAX = 1 << 16;

  private final Core core;
  private final Ledger ledger;
  private final Leader leader;

  /** The local reads that wait for a round, by id. */
  private List<Long> waiting = new ArrayList<>();

  /**
   * By slot, the followers' own rounds that wait for one, or 0. A follower has one at a time: a
   * higher one takes the place of what it gave up.
   */
  private long[] remoteWaiting = {};

  /** Who is served by the round under way. */
  private List<Long> served = new ArrayList<>();

  private long[] remoteServed = {};
  private long round;
  private boolean underWay;
  private boolean asked;
  private Ballot roundBallot = Ballot.NONE;
  private long index;
  private boolean[] confirmed = {};

  Reads(Core core, Leader leader) {
    this.core = core;
    this.ledger = core.ledger();
    this.round = core.firstRound();
    this.leader = leader;
  }

  int pending() {
    return waiting.size() + served.size();
  }

  void read(long id) {
    boolean possible =
        pending() < WAITING_MAX && core.role() != Role.PASSIVE && ledger.promise().hasLeader();
    if (possible) {
      waiting.add(id);
    } else {
      core.event(new Event.ReadRejected(List.of(id)));
    }
  }

  void onRequest(int from, ReadIndexRequest request) {
    if (core.role() != Role.LEADER) {
      core.send(from, new ReadIndexReply(request.round(), 0, false));
    } else if (request.round() != remoteServed[from]) {
      remoteWaiting[from] = Math.max(remoteWaiting[from], request.round());
    }
  }

  void onReply(ReadIndexReply reply) {
    if (!asked || reply.round() != round) {
      return;
    }
    asked = false;
    if (reply.granted()) {
      core.event(new Event.ReadReady(served, reply.index()));
      served.clear();
    } else {
      reject(served);
    }
  }

  void onConfirm(int from, ConfirmLeader message) {
    if (message.ballot().equals(ledger.promise())) {
      core.send(from, new LeaderConfirmed(message.ballot(), message.round()));
    }
  }

  void onConfirmed(int from, LeaderConfirmed message) {
    if (underWay && message.round() == round && message.ballot().equals(roundBallot)) {
      confirmed[from] = true;
    }
  }

  /** Starts and ends rounds. */
  void advance() {
    if (core.role() == Role.LEADER) {
      advanceAsLeader();
      return;
    }
    giveUp();
    if (!asked && !waiting.isEmpty()) {
      swap();
      round++;
      asked = true;
      ask();
    }
  }

  private void advanceAsLeader() {
    if (asked) {
      asked = false; // Led by itself meanwhile: ask here.
      waiting.addAll(0, served);
      served.clear();
    }
    if (underWay && !(isAllowed() && leader.ballot().equals(roundBallot))) {
      giveUp();
    }
    if (ledger.stopSign() != null) {
      reject(waiting);
      answer(remoteWaiting, false);
    }
    do {
      if (underWay && isConfirmed()) {
        finish();
      }
    } while (startRound());
  }

  private boolean startRound() {
    boolean wanted = !waiting.isEmpty() || isAny(remoteWaiting);
    if (underWay || !wanted || !isAllowed() || !leader.isPastBarrier()) {
      return false;
    }
    swap();
    long[] free = remoteServed;
    remoteServed = remoteWaiting;
    remoteWaiting = free;
    round++;
    underWay = true;
    roundBallot = leader.ballot();
    index = ledger.decidedIndex();
    confirmed = new boolean[core.size()];
    confirmed[core.selfSlot()] = true;
    confirm();
    return isConfirmed();
  }

  private boolean isAllowed() {
    return leader.isAccepting() && ledger.stopSign() == null;
  }

  private boolean isConfirmed() {
    int count = 0;
    for (boolean one : confirmed) {
      count += one ? 1 : 0;
    }
    return count >= core.quorums().accept() || core.deviates(Deviation.READ_WITHOUT_CONFIRMATION);
  }

  private void finish() {
    underWay = false;
    if (!served.isEmpty()) {
      core.event(new Event.ReadReady(served, index));
      served.clear();
    }
    answer(remoteServed, true);
  }

  /** Ends what only a leader can end. */
  private void giveUp() {
    if (underWay) {
      underWay = false;
      reject(served);
    }
    answer(remoteServed, false);
    answer(remoteWaiting, false);
  }

  /** Begins in another configuration: whoever waits must ask again. */
  void restart() {
    underWay = false;
    asked = false;
    reject(waiting);
    reject(served);
    remoteWaiting = new long[core.size()];
    remoteServed = new long[core.size()];
  }

  private void reject(List<Long> ids) {
    if (!ids.isEmpty()) {
      core.event(new Event.ReadRejected(ids));
      ids.clear();
    }
  }

  private void answer(long[] rounds, boolean granted) {
    for (int slot = 0; slot < rounds.length; slot++) {
      if (rounds[slot] != 0) {
        if (granted) {
          leader.tellDecided(slot); // who reads waits until it has applied that
        }
        core.send(slot, new ReadIndexReply(rounds[slot], granted ? index : 0, granted));
        rounds[slot] = 0;
      }
    }
  }

  private static boolean isAny(long[] rounds) {
    for (long one : rounds) {
      if (one != 0) {
        return true;
      }
    }
    return false;
  }

  private void swap() {
    List<Long> free = served;
    served = waiting;
    waiting = free;
  }

  /** Sends again what may be lost. */
  void resend() {
    if (underWay) {
      confirm();
    } else if (asked) {
      ask();
    }
  }

  private void confirm() {
    for (int slot = 0; slot < core.size(); slot++) {
      if (!confirmed[slot]) {
        core.send(slot, new ConfirmLeader(roundBallot, round));
      }
    }
  }

  private void ask() {
    int slot = core.slotOfNode(ledger.promise().node());
    if (slot == Core.NOBODY || slot == core.selfSlot()) {
      asked = false;
      reject(served);
    } else {
      // No round is used again after a restart, once the restart itself is durable.
      core.sendAfterPersist(slot, new ReadIndexRequest(round));
    }
  }
}
