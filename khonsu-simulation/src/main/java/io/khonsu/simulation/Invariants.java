package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.check;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Message;
import io.khonsu.consensus.Metadata;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What must hold after every step of every replica. A step changes one replica, and everything is
 * compared with what is known of all, so looking at that one is looking at all.
 */
final class Invariants {
  /** Who uses a ballot: a member, in one of its lives. */
  private record Owner(Member member, int life) {}

  private final Payload payload;
  private final ChosenLog chosen;
  private final BallotLogs ballotLogs = new BallotLogs();
  private final SortedMap<Ballot, Owner> owners = new TreeMap<>();
  private int decidedMax;

  Invariants(Payload payload, Configuration first) {
    this.payload = payload;
    this.chosen = new ChosenLog(payload, first);
  }

  ChosenLog chosen() {
    return chosen;
  }

  /** {@return how many entries some replica has decided} */
  int decidedMax() {
    return decidedMax;
  }

  /** {@return how many ballots had a leader that began to prepare} */
  int ballots() {
    return owners.size();
  }

  /** Looks at what a replica wants to write, before it is on disk. */
  void issued(Member member, Ballot promisedBefore, StorageImage image) {
    Metadata metadata = image.metadata();
    if (metadata == null) {
      return;
    }
    int length = image.log().length();
    check(
        image.compacted() <= image.decided() && image.decided() <= length,
        "I6 order of indices",
        member,
        "compacted",
        image.compacted(),
        "decided",
        image.decided(),
        "accepted",
        length);
    check(
        !metadata.acceptedRound().isAbove(metadata.promise()),
        "I6 accepted at most promised",
        member,
        metadata.acceptedRound(),
        metadata.promise());
    check(
        !promisedBefore.isAbove(metadata.promise()),
        "I2 promise lock",
        member,
        "promised",
        promisedBefore,
        "and then",
        metadata.promise());
    ballotLogs.accepted(member, metadata.acceptedRound(), image.log());
  }

  /** Looks at what a replica has on disk now. */
  void durable(Member member, StorageImage image) {
    Metadata metadata = image.metadata();
    if (metadata != null) {
      chosen.durablyAccepted(member, metadata.acceptedRound(), image.log());
    }
  }

  /** Looks at what a replica hands to its application. */
  void decided(Member member, Chain applied, int before) {
    for (int i = before; i < applied.length(); i++) {
      check(
          payload.isProposed(applied.entry(i)),
          "SC1 validity",
          member,
          "decided what nobody proposed at",
          i);
    }
    chosen.checkDecided(member, applied);
    decidedMax = Math.max(decidedMax, applied.length());
  }

  /** Looks at a message that leaves a replica, and whether its disk keeps what the message says. */
  void sent(SimulatedNode node, Message message) {
    switch (message) {
      case Message.Prepare(Ballot ballot, long _, Ballot _, long _) -> {
        leads(node, ballot);
        keepsPromise(node, ballot);
      }
      case Message.Promise promise -> keepsPromise(node, promise.ballot());
      case Message.Accepted(Ballot ballot, long _, long index) -> keepsLog(node, ballot, index);
      case Message.AcceptSync sync -> leads(node, sync.ballot());
      case Message.AcceptDecide accept -> leads(node, accept.ballot());
      case Message.Decide decide -> leads(node, decide.ballot());
      case Message.HeartbeatReply reply -> {
        StorageImage disk = node.disk().durable();
        check(
            reply.durableAccepted() <= disk.log().length(),
            "I10 durability",
            node.member(),
            "says it has",
            reply.durableAccepted(),
            "entries on disk, but has",
            disk.log().length());
      }
      default -> {}
    }
  }

  private void leads(SimulatedNode node, Ballot ballot) {
    Owner owner = new Owner(node.member(), node.life());
    Owner first = owners.putIfAbsent(ballot, owner);
    check(
        ballot.node() == node.member().node() && (first == null || first.equals(owner)),
        "I1 ballot uniqueness",
        ballot,
        "is used by",
        owner,
        "and was by",
        first);
  }

  private static void keepsPromise(SimulatedNode node, Ballot ballot) {
    Metadata metadata = node.disk().durable().metadata();
    check(
        metadata != null && !ballot.isAbove(metadata.promise()),
        "I10 durability",
        node.member(),
        "sends for",
        ballot,
        "before it is on disk that it promised it");
  }

  private static void keepsLog(SimulatedNode node, Ballot ballot, long index) {
    Metadata durable = node.disk().durable().metadata();
    if (durable == null) {
      throw new InvariantViolation("I10 durability", node.member() + " accepted on an empty disk");
    }
    check(
        !ballot.isAbove(durable.acceptedRound()),
        "I10 durability",
        node.member(),
        "accepted in",
        ballot,
        "but its disk says",
        durable.acceptedRound());
    boolean isCurrent = durable.acceptedRound().equals(ballot);
    check(
        !isCurrent || index <= node.disk().durable().log().length(),
        "I10 durability",
        node.member(),
        "accepted",
        index,
        "entries in",
        ballot,
        "but its disk has",
        node.disk().durable().log().length());
  }

  /** Looks at a replica that has become the leader. */
  void leader(SimulatedNode node, Event.BecameLeader event) {
    leads(node, event.ballot());
    chosen.checkLeader(node.member(), event.ballot(), node.disk().issued().log());
  }
}
