package io.khonsu.consensus;

import io.khonsu.consensus.Message.HeartbeatReply;
import io.khonsu.consensus.Message.HeartbeatRequest;
import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ballot leader election: finds a leader that a quorum can hear, however the network is cut. It
 * never looks at logs, and safety does not depend on it.
 *
 * <p>Once per election timeout every member asks all others how they are. A member is
 * <em>happy</em> if it leads a quorum or hears a happy leader. It takes over, with a ballot above
 * the leader's, only if it is unhappy, hears a prepare quorum, and everybody it hears is unhappy
 * too. Whom others follow is never adopted, only whom one hears: so no rumour of a ballot outruns
 * its owner.
 */
final class Election {
  /** How many rounds a straggler must be seen before the leader bumps its ballot for it. */
  private static final int STRAGGLER_ROUNDS = 3;

  private static final int BUMPS_MAX = 20;

  private final Core core;
  private int priority;
  private Ballot own = Ballot.NONE;
  private Ballot leader = Ballot.NONE;
  private boolean happy = true;
  private long round;
  private @Nullable HeartbeatReply[] replies = {};
  private @Nullable HeartbeatReply[] previousReplies = {};

  /** Replies that came again; they count only under a deviation. */
  private final List<HeartbeatReply> repeated = new ArrayList<>();

  private int stragglerRounds;
  private int bumps;

  Election(Core core) {
    this.core = core;
    this.priority = core.options().priority();
    this.round = core.firstRound();
  }

  /** Begins in the configuration in force; after a restart, as a follower of whom was promised. */
  void begin() {
    Ballot promise = core.ledger().promise();
    own = new Ballot(core.configurationId(), promise.hasLeader() ? 0 : 1, priority, self());
    leader = promise.hasLeader() ? promise : own;
    if (core.deviates(Deviation.RESUME_BALLOT_AFTER_RESTART) && promise.node() == self()) {
      own = promise;
    }
    happy = true;
    replies = new HeartbeatReply[core.size()];
    previousReplies = new HeartbeatReply[core.size()];
    stragglerRounds = 0;
    bumps = 0;
    startRound();
  }

  Ballot own() {
    return own;
  }

  Ballot leader() {
    return leader;
  }

  boolean isHappy() {
    return happy;
  }

  /** {@return whether the member answered in the last whole round} */
  boolean isConnected(int slot) {
    return previousReplies[slot] != null;
  }

  void setPriority(int newPriority) {
    priority = newPriority;
  }

  /** {@return a ballot above every other known here, to be tried at once} */
  Ballot challenge() {
    Ballot highest = core.ledger().promise();
    if (leader.isAbove(highest)) {
      highest = leader;
    }
    return above(highest);
  }

  void onRequest(int from, HeartbeatRequest request) {
    Ledger ledger = core.ledger();
    core.send(
        from,
        new HeartbeatReply(
            request.round(),
            own,
            leader,
            happy,
            ledger.durableIndex(),
            ledger.durableDecided(),
            ledger.log().start()));
  }

  void onReply(int from, HeartbeatReply reply) {
    core.peers().heard(from, reply);
    if (reply.round() != round || reply.ballot().configuration() != core.configurationId()) {
      return;
    }
    if (replies[from] != null && core.deviates(Deviation.NO_FIX_8_REPLIES_BY_SENDER)) {
      repeated.add(reply);
    }
    replies[from] = reply;
  }

  /**
   * Ends a round and begins the next.
   *
   * @return the ballot by which this replica should lead, or null
   */
  @Nullable Ballot endRound() {
    followHighest();
    happy = leader.equals(own) ? canLead() : hearsHappyLeader();
    if (!happy && everybodyIsUnhappy() && heard() + 1 >= core.quorums().prepare()) {
      own = above(leader);
      leader = own;
      happy = true;
    } else {
      bumpForStraggler();
    }
    startRound();
    learnFromPromise();
    return leader.equals(own) ? own : null;
  }

  private void startRound() {
    @Nullable HeartbeatReply[] free = previousReplies;
    previousReplies = replies;
    replies = free;
    for (int i = 0; i < replies.length; i++) {
      replies[i] = null;
    }
    repeated.clear();
    round++;
    if (core.role() == Role.PASSIVE) {
      return;
    }
    HeartbeatRequest request = new HeartbeatRequest(round);
    for (int slot = 0; slot < core.size(); slot++) {
      if (slot != core.selfSlot()) {
        core.send(slot, request);
      }
    }
  }

  private void followHighest() {
    for (HeartbeatReply reply : replies) {
      if (reply != null && reply.ballot().isAbove(leader)) {
        leader = reply.ballot();
      }
    }
  }

  private boolean canLead() {
    int following = 1;
    boolean outdone = false;
    for (HeartbeatReply reply : replies) {
      if (reply != null) {
        boolean higher = reply.leader().isAbove(own);
        following += higher ? 0 : 1;
        outdone |= higher && reply.happy();
      }
    }
    for (HeartbeatReply reply : repeated) {
      following += reply.leader().isAbove(own) ? 0 : 1;
    }
    boolean accepting = core.is(Role.LEADER, Phase.ACCEPT);
    int needed = accepting ? core.quorums().accept() : core.quorums().prepare();
    return following >= needed || outdone;
  }

  private boolean hearsHappyLeader() {
    for (HeartbeatReply reply : replies) {
      if (reply != null && reply.happy() && reply.ballot().equals(leader)) {
        return true;
      }
    }
    return false;
  }

  private boolean everybodyIsUnhappy() {
    for (HeartbeatReply reply : replies) {
      if (reply != null && reply.happy()) {
        return false;
      }
    }
    return true;
  }

  private int heard() {
    int heard = repeated.size();
    for (HeartbeatReply reply : replies) {
      heard += reply == null ? 0 : 1;
    }
    return heard;
  }

  /**
   * A member that promised a ballot whose owner died accepts from nobody below it. The leader, if
   * nobody else is content with such a ballot, rises above it, less and less eagerly.
   */
  private void bumpForStraggler() {
    Ballot straggler = stragglersLeader();
    if (straggler == null || core.deviates(Deviation.NO_FIX_7_STRAGGLER_BUMP)) {
      stragglerRounds = 0;
      return;
    }
    stragglerRounds++;
    if (stragglerRounds >= (long) STRAGGLER_ROUNDS << bumps) {
      stragglerRounds = 0;
      bumps = Math.min(bumps + 1, BUMPS_MAX);
      own = above(straggler);
      leader = own;
    }
  }

  private @Nullable Ballot stragglersLeader() {
    if (!leader.equals(own) || !happy) {
      return null;
    }
    int following = 1;
    Ballot straggler = null;
    for (HeartbeatReply reply : replies) {
      if (reply == null) {
        continue;
      }
      if (reply.leader().equals(own)) {
        following++;
      } else if (reply.leader().isAbove(own)) {
        if (reply.happy()) {
          return null;
        }
        straggler =
            straggler == null || reply.leader().isAbove(straggler) ? reply.leader() : straggler;
      }
    }
    return following >= core.quorums().accept() ? straggler : null;
  }

  private void learnFromPromise() {
    Ballot promise = core.ledger().promise();
    if (promise.isAbove(leader)) {
      leader = promise;
      happy = true;
      if (promise.node() == self()) {
        own = promise;
      }
    }
  }

  private Ballot above(Ballot ballot) {
    return new Ballot(core.configurationId(), ballot.number() + 1, priority, self());
  }

  private long self() {
    return core.self().node();
  }
}
