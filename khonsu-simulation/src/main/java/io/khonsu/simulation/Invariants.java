package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

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
  void issued(SimulatedNode node, Ballot promisedBefore) {
    Member member = node.member();
    StorageImage image = node.disk().issued();
    Metadata metadata = image.metadata();
    if (metadata == null) {
      return;
    }
    int length = image.log().length();
    if (!(image.compacted() <= image.decided() && image.decided() <= length)) {
      throw violation(
          "I6 order of indices",
          member,
          "compacted",
          image.compacted(),
          "decided",
          image.decided(),
          "accepted",
          length);
    }
    if (metadata.acceptedRound().isAbove(metadata.promise())) {
      throw violation(
          "I6 accepted at most promised", member, metadata.acceptedRound(), metadata.promise());
    }
    if (promisedBefore.isAbove(metadata.promise())) {
      throw violation(
          "I2 promise lock", member, "promised", promisedBefore, "and then", metadata.promise());
    }
    Metadata durable = node.disk().durable().metadata();
    // Before its promise is on disk a crash takes a ballot back, with all that was accepted in it.
    if (durable != null && !metadata.acceptedRound().isAbove(durable.promise())) {
      ballotLogs.accepted(member, metadata.acceptedRound(), image.log());
    }
  }

  /** Looks at what a replica has on disk now. */
  void durable(Member member, StorageImage image) {
    Metadata metadata = image.metadata();
    if (metadata != null) {
      ballotLogs.accepted(member, metadata.acceptedRound(), image.log());
      chosen.durablyAccepted(member, metadata.acceptedRound(), image.log());
    }
  }

  /** Looks at what a replica hands to its application. */
  void decided(Member member, Chain applied, int before) {
    for (int i = before; i < applied.length(); i++) {
      if (!payload.isProposed(applied.entry(i))) {
        throw violation("SC1 validity", member, "decided what nobody proposed at", i);
      }
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
      case Message.AcceptSync sync -> {
        leads(node, sync.ballot());
        keepsPromise(node, sync.ballot());
      }
      case Message.AcceptDecide accept -> leads(node, accept.ballot());
      case Message.Decide decide -> leads(node, decide.ballot());
      case Message.HeartbeatReply reply -> {
        StorageImage disk = node.disk().durable();
        if (reply.durableAccepted() > disk.log().length()) {
          throw violation(
              "I10 durability",
              node.member(),
              "says it has",
              reply.durableAccepted(),
              "entries on disk, but has",
              disk.log().length());
        }
      }
      default -> {}
    }
  }

  private void leads(SimulatedNode node, Ballot ballot) {
    Owner owner = new Owner(node.member(), node.life());
    Owner first = owners.putIfAbsent(ballot, owner);
    if (!(ballot.node() == node.member().node() && (first == null || first.equals(owner)))) {
      throw violation("I1 ballot uniqueness", ballot, "is used by", owner, "and was by", first);
    }
  }

  private static void keepsPromise(SimulatedNode node, Ballot ballot) {
    Metadata metadata = node.disk().durable().metadata();
    if (!(metadata != null && !ballot.isAbove(metadata.promise()))) {
      throw violation(
          "I10 durability",
          node.member(),
          "sends for",
          ballot,
          "before it is on disk that it promised it");
    }
  }

  private static void keepsLog(SimulatedNode node, Ballot ballot, long index) {
    Metadata durable = node.disk().durable().metadata();
    if (durable == null) {
      throw new InvariantViolation("I10 durability", node.member() + " accepted on an empty disk");
    }
    if (ballot.isAbove(durable.acceptedRound())) {
      throw violation(
          "I10 durability",
          node.member(),
          "accepted in",
          ballot,
          "but its disk says",
          durable.acceptedRound());
    }
    boolean isCurrent = durable.acceptedRound().equals(ballot);
    if (!(!isCurrent || index <= node.disk().durable().log().length())) {
      throw violation(
          "I10 durability",
          node.member(),
          "accepted",
          index,
          "entries in",
          ballot,
          "but its disk has",
          node.disk().durable().log().length());
    }
  }

  /** Looks at a replica that has become the leader. */
  void leader(SimulatedNode node, Event.BecameLeader event) {
    Metadata durable = node.disk().durable().metadata();
    if (durable != null && !event.ballot().isAbove(durable.promise())) {
      leads(node, event.ballot());
    }
    chosen.checkLeader(node.member(), event.ballot(), node.disk().issued().log());
  }
}
