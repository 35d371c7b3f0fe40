package io.khonsu.consensus;

import io.khonsu.consensus.Event.IncarnationRefused;

/**
 * Brings each message to the part of the replica that it is for. What belongs to the protocol of a
 * configuration is heard only from its members, and only while it is in force; whoever is in an
 * older one is told.
 */
final class Postman {
  private final Core core;
  private final Election election;
  private final Leader leader;
  private final Follower follower;
  private final Services services;

  /** What serves messages beside election and Sequence Paxos. */
  record Services(
      Proposals proposals,
      Reads reads,
      Compaction compaction,
      Library library,
      CatchUp catchUp,
      Handover handover) {}

  Postman(Core core, Election election, Leader leader, Follower follower, Services services) {
    this.core = core;
    this.election = election;
    this.leader = leader;
    this.follower = follower;
    this.services = services;
  }

  void deliver(Envelope envelope) {
    Member from = envelope.from();
    if (envelope.clusterId() != core.clusterId() || from.equals(core.self())) {
      core.countRefused();
      return;
    }
    if (!envelope.to().equals(core.self())) {
      core.countRefused();
      core.event(new IncarnationRefused(from, envelope.to()));
      return;
    }
    if (isService(envelope.message())) {
      serve(from, envelope.message());
      return;
    }
    long configuration = envelope.configuration();
    if (configuration < core.configurationId()) {
      services.library().announce(from);
    } else if (configuration > core.configurationId()) {
      core.sendArrived(from);
    } else {
      handle(from, envelope.message());
    }
  }

  private static boolean isService(Message message) {
    return switch (message) {
      case Message.FetchSnapshot _,
          Message.SnapshotChunk _,
          Message.SnapshotGone _,
          Message.Announce _,
          Message.Arrived _,
          Message.PullDecided _,
          Message.DecidedPage _ ->
          true;
      default -> false;
    };
  }

  private void serve(Member from, Message message) {
    switch (message) {
      case Message.FetchSnapshot fetch -> services.library().onFetchSnapshot(from, fetch);
      case Message.SnapshotChunk chunk -> {
        follower.onChunk(from, chunk);
        leader.onChunk(from, chunk);
        services.catchUp().onChunk(from, chunk);
      }
      case Message.SnapshotGone gone -> {
        follower.onSnapshotGone(from, gone);
        leader.onSnapshotGone(from, gone);
        services.catchUp().onSnapshotGone(from, gone);
      }
      case Message.Announce announce -> announced(from, announce);
      case Message.Arrived arrived -> arrived(from, arrived.configuration());
      case Message.PullDecided pull -> services.library().onPullDecided(from, pull);
      case Message.DecidedPage page -> services.catchUp().onPage(from, page);
      default -> throw new AssertionError("no service: " + message);
    }
  }

  /** What was fetched is one step further, or was in vain. */
  void snapshotChecked(Input.SnapshotChecked checked) {
    if (!core.snapshotChecked(checked)) {
      return; // it has come too late
    }
    if (checked.isGood()) {
      follower.onSnapshotArrived();
      leader.onSnapshotArrived();
      services.catchUp().onSnapshotArrived();
    } else {
      follower.onSnapshotRefused();
      leader.onSnapshotRefused();
      services.catchUp().onSnapshotRefused(checked.source());
    }
  }

  private void announced(Member from, Message.Announce announce) {
    if (announce.configuration().id() > core.configurationId()) {
      services.catchUp().onAnnounce(from, announce);
    } else {
      core.sendArrived(from);
    }
  }

  private void arrived(Member from, long configuration) {
    if (configuration < core.configurationId()) {
      services.library().announce(from);
    } else {
      services.handover().onArrived(from, configuration);
    }
  }

  private void handle(Member member, Message message) {
    int from = core.slot(member);
    if (from == Core.NOBODY || core.role() == Role.PASSIVE) {
      core.countRefused();
      if (core.slotOfNode(member.node()) != Core.NOBODY) {
        core.event(new IncarnationRefused(member, core.self()));
      }
      return;
    }
    switch (message) {
      case Message.AcceptDecide accept -> follower.onAcceptDecide(from, accept);
      case Message.Accepted accepted -> leader.onAccepted(from, accepted);
      case Message.Decide decide -> follower.onDecide(from, decide);
      case Message.ForwardProposals forward -> services.proposals().onForward(forward);
      case Message.HeartbeatRequest request -> election.onRequest(from, request);
      case Message.HeartbeatReply reply -> election.onReply(from, reply);
      case Message.PrepareRequest request -> leader.onPrepareRequest(from, request);
      case Message.Prepare prepare -> follower.onPrepare(from, prepare);
      case Message.Promise promise -> leader.onPromise(from, promise);
      case Message.AcceptSync sync -> follower.onAcceptSync(from, sync);
      case Message.NotAccepted refusal -> leader.onNotAccepted(from, refusal);
      case Message.ForwardReconfiguration forward -> services.proposals().onForward(forward);
      case Message.FetchEntries fetch -> services.library().onFetchEntries(from, fetch);
      case Message.EntriesPage page -> {
        follower.onPage(from, page);
        leader.onPage(from, page);
      }
      case Message.Trim trim -> services.compaction().onTrim(trim);
      case Message.ConfirmLeader confirm -> services.reads().onConfirm(from, confirm);
      case Message.LeaderConfirmed confirmed -> services.reads().onConfirmed(from, confirmed);
      case Message.ReadIndexRequest request -> services.reads().onRequest(from, request);
      case Message.ReadIndexReply reply -> services.reads().onReply(reply);
      default -> throw new AssertionError("served elsewhere: " + message);
    }
  }
}
