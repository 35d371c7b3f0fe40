package io.khonsu.consensus.wire;

import io.khonsu.consensus.Message;

/** Writes messages; every method is the counterpart of one in {@link MessageReader}. */
final class MessageWriter {
  private final FrameWriter out;

  MessageWriter(FrameWriter out) {
    this.out = out;
  }

  void write(Message message) {
    switch (message) {
      case Message.HeartbeatRequest m -> write(m);
      case Message.HeartbeatReply m -> write(m);
      case Message.PrepareRequest m -> write(m);
      case Message.Prepare m -> write(m);
      case Message.Promise m -> write(m);
      case Message.AcceptSync m -> write(m);
      case Message.AcceptDecide m -> write(m);
      case Message.Decide m -> write(m);
      case Message.Accepted m -> write(m);
      case Message.NotAccepted m -> write(m);
      case Message.ForwardProposals m -> write(m);
      case Message.ForwardReconfiguration m -> write(m);
      case Message.FetchEntries m -> write(m);
      case Message.EntriesPage m -> write(m);
      case Message.FetchSnapshot m -> write(m);
      case Message.SnapshotChunk m -> write(m);
      case Message.SnapshotGone m -> write(m);
      case Message.Trim m -> write(m);
      case Message.ConfirmLeader m -> write(m);
      case Message.LeaderConfirmed m -> write(m);
      case Message.ReadIndexRequest m -> write(m);
      case Message.ReadIndexReply m -> write(m);
      case Message.Announce m -> write(m);
      case Message.Arrived m -> write(m);
      case Message.PullDecided m -> write(m);
      case Message.DecidedPage m -> write(m);
    }
  }

  private void write(Message.HeartbeatRequest message) {
    out.octet(MessageReader.HEARTBEAT_REQUEST);
    out.number(message.round());
  }

  private void write(Message.HeartbeatReply message) {
    out.octet(MessageReader.HEARTBEAT_REPLY);
    out.number(message.round());
    out.ballot(message.ballot());
    out.ballot(message.leader());
    out.flag(message.happy());
    out.number(message.durableAccepted());
    out.number(message.durableDecided());
    out.number(message.compactedIndex());
  }

  private void write(Message.PrepareRequest message) {
    out.octet(MessageReader.PREPARE_REQUEST);
    out.ballot(message.promise());
  }

  private void write(Message.Prepare message) {
    out.octet(MessageReader.PREPARE);
    out.ballot(message.ballot());
    out.number(message.decidedIndex());
    out.ballot(message.acceptedRound());
    out.number(message.acceptedIndex());
  }

  private void write(Message.Promise message) {
    out.octet(MessageReader.PROMISE);
    out.ballot(message.ballot());
    out.ballot(message.acceptedRound());
    out.number(message.acceptedIndex());
    out.number(message.decidedIndex());
    out.optional(message.sync(), FrameWriter::sync);
  }

  private void write(Message.AcceptSync message) {
    out.octet(MessageReader.ACCEPT_SYNC);
    out.ballot(message.ballot());
    out.number(message.session());
    out.number(message.decidedIndex());
    out.sync(message.sync());
  }

  private void write(Message.AcceptDecide message) {
    out.octet(MessageReader.ACCEPT_DECIDE);
    out.ballot(message.ballot());
    out.number(message.session());
    out.number(message.counter());
    out.number(message.startIndex());
    out.runs(message.entries());
    out.number(message.decidedIndex());
  }

  private void write(Message.Decide message) {
    out.octet(MessageReader.DECIDE);
    out.ballot(message.ballot());
    out.number(message.session());
    out.number(message.counter());
    out.number(message.decidedIndex());
  }

  private void write(Message.Accepted message) {
    out.octet(MessageReader.ACCEPTED);
    out.ballot(message.ballot());
    out.number(message.session());
    out.number(message.acceptedIndex());
  }

  private void write(Message.NotAccepted message) {
    out.octet(MessageReader.NOT_ACCEPTED);
    out.ballot(message.promise());
  }

  private void write(Message.ForwardProposals message) {
    out.octet(MessageReader.FORWARD_PROPOSALS);
    out.run(message.entries());
    out.number(message.hops());
  }

  private void write(Message.ForwardReconfiguration message) {
    out.octet(MessageReader.FORWARD_RECONFIGURATION);
    out.stopSign(message.stopSign());
    out.number(message.hops());
  }

  private void write(Message.FetchEntries message) {
    out.octet(MessageReader.FETCH_ENTRIES);
    out.ballot(message.ballot());
    out.number(message.from());
    out.number(message.to());
  }

  private void write(Message.EntriesPage message) {
    out.octet(MessageReader.ENTRIES_PAGE);
    out.ballot(message.ballot());
    out.number(message.from());
    out.runs(message.entries());
  }

  private void write(Message.FetchSnapshot message) {
    out.octet(MessageReader.FETCH_SNAPSHOT);
    out.snapshot(message.snapshot());
    out.number(message.offset());
  }

  private void write(Message.SnapshotChunk message) {
    out.octet(MessageReader.SNAPSHOT_CHUNK);
    out.snapshot(message.snapshot());
    out.number(message.offset());
    out.number(message.sizeBytes());
    out.bytes(message.bytes());
  }

  private void write(Message.SnapshotGone message) {
    out.octet(MessageReader.SNAPSHOT_GONE);
    out.snapshot(message.snapshot());
  }

  private void write(Message.Trim message) {
    out.octet(MessageReader.TRIM);
    out.ballot(message.ballot());
    out.number(message.index());
  }

  private void write(Message.ConfirmLeader message) {
    out.octet(MessageReader.CONFIRM_LEADER);
    out.ballot(message.ballot());
    out.number(message.round());
  }

  private void write(Message.LeaderConfirmed message) {
    out.octet(MessageReader.LEADER_CONFIRMED);
    out.ballot(message.ballot());
    out.number(message.round());
  }

  private void write(Message.ReadIndexRequest message) {
    out.octet(MessageReader.READ_INDEX_REQUEST);
    out.number(message.round());
  }

  private void write(Message.ReadIndexReply message) {
    out.octet(MessageReader.READ_INDEX_REPLY);
    out.number(message.round());
    out.number(message.index());
    out.flag(message.granted());
  }

  private void write(Message.Announce message) {
    out.octet(MessageReader.ANNOUNCE);
    out.configuration(message.configuration());
    out.number(message.startIndex());
    out.list(message.sources(), FrameWriter::member);
  }

  private void write(Message.Arrived message) {
    out.octet(MessageReader.ARRIVED);
    out.number(message.configuration());
  }

  private void write(Message.PullDecided message) {
    out.octet(MessageReader.PULL_DECIDED);
    out.number(message.from());
    out.number(message.to());
  }

  private void write(Message.DecidedPage message) {
    out.octet(MessageReader.DECIDED_PAGE);
    out.number(message.from());
    out.runs(message.entries());
    out.number(message.decidedIndex());
    out.number(message.compactedIndex());
    out.number(message.snapshotIndex());
    out.optional(message.configuration(), FrameWriter::configuration);
    out.number(message.configurationStart());
    out.ballot(message.promise());
  }
}
