package io.khonsu.consensus.wire;

import io.khonsu.consensus.Message;

/** Reads messages, and numbers their kinds. A number that was once given is never given again. */
final class MessageReader {
  static final int HEARTBEAT_REQUEST = 1;
  static final int HEARTBEAT_REPLY = 2;
  static final int PREPARE_REQUEST = 3;
  static final int PREPARE = 4;
  static final int PROMISE = 5;
  static final int ACCEPT_SYNC = 6;
  static final int ACCEPT_DECIDE = 7;
  static final int DECIDE = 8;
  static final int ACCEPTED = 9;
  static final int NOT_ACCEPTED = 10;
  static final int FORWARD_PROPOSALS = 11;
  static final int FORWARD_RECONFIGURATION = 12;
  static final int FETCH_ENTRIES = 13;
  static final int ENTRIES_PAGE = 14;
  static final int FETCH_SNAPSHOT = 15;
  static final int SNAPSHOT_CHUNK = 16;
  static final int SNAPSHOT_GONE = 17;
  static final int TRIM = 18;
  static final int CONFIRM_LEADER = 19;
  static final int LEADER_CONFIRMED = 20;
  static final int READ_INDEX_REQUEST = 21;
  static final int READ_INDEX_REPLY = 22;
  static final int ANNOUNCE = 23;
  static final int ARRIVED = 24;
  static final int PULL_DECIDED = 25;
  // 26 was a page of decided entries without a promise.
  static final int DECIDED_PAGE = 27;

  private final FrameReader in;

  MessageReader(FrameReader in) {
    this.in = in;
  }

  Message read() {
    int kind = in.octet();
    return switch (kind) {
      case HEARTBEAT_REQUEST -> new Message.HeartbeatRequest(in.number());
      case HEARTBEAT_REPLY -> heartbeatReply();
      case PREPARE_REQUEST -> new Message.PrepareRequest(in.ballot());
      case PREPARE -> new Message.Prepare(in.ballot(), in.number(), in.ballot(), in.number());
      case PROMISE -> promise();
      case ACCEPT_SYNC -> new Message.AcceptSync(in.ballot(), in.number(), in.number(), in.sync());
      case ACCEPT_DECIDE -> acceptDecide();
      case DECIDE -> new Message.Decide(in.ballot(), in.number(), in.number(), in.number());
      case ACCEPTED -> new Message.Accepted(in.ballot(), in.number(), in.number());
      case NOT_ACCEPTED -> new Message.NotAccepted(in.ballot());
      case FORWARD_PROPOSALS -> new Message.ForwardProposals(in.run(), in.smallNumber());
      case FORWARD_RECONFIGURATION ->
          new Message.ForwardReconfiguration(in.stopSign(), in.smallNumber());
      case FETCH_ENTRIES -> new Message.FetchEntries(in.ballot(), in.number(), in.number());
      case ENTRIES_PAGE -> new Message.EntriesPage(in.ballot(), in.number(), in.runs());
      case FETCH_SNAPSHOT -> new Message.FetchSnapshot(in.snapshot(), in.number());
      case SNAPSHOT_CHUNK ->
          new Message.SnapshotChunk(in.snapshot(), in.number(), in.number(), in.bytes());
      case SNAPSHOT_GONE -> new Message.SnapshotGone(in.snapshot());
      case TRIM -> new Message.Trim(in.ballot(), in.number());
      case CONFIRM_LEADER -> new Message.ConfirmLeader(in.ballot(), in.number());
      case LEADER_CONFIRMED -> new Message.LeaderConfirmed(in.ballot(), in.number());
      case READ_INDEX_REQUEST -> new Message.ReadIndexRequest(in.number());
      case READ_INDEX_REPLY -> new Message.ReadIndexReply(in.number(), in.number(), in.flag());
      case ANNOUNCE ->
          new Message.Announce(in.configuration(), in.number(), in.list(FrameReader::member));
      case ARRIVED -> new Message.Arrived(in.number());
      case PULL_DECIDED -> new Message.PullDecided(in.number(), in.number());
      case DECIDED_PAGE -> decidedPage();
      default -> throw new WireFormatException("a message is of the unknown kind " + kind);
    };
  }

  private Message heartbeatReply() {
    return new Message.HeartbeatReply(
        in.number(), in.ballot(), in.ballot(), in.flag(), in.number(), in.number(), in.number());
  }

  private Message promise() {
    return new Message.Promise(
        in.ballot(), in.ballot(), in.number(), in.number(), in.optional(FrameReader::sync));
  }

  private Message acceptDecide() {
    return new Message.AcceptDecide(
        in.ballot(), in.number(), in.number(), in.number(), in.runs(), in.number());
  }

  private Message decidedPage() {
    return new Message.DecidedPage(
        in.number(),
        in.runs(),
        in.number(),
        in.number(),
        in.number(),
        in.optional(FrameReader::configuration),
        in.number(),
        in.ballot());
  }
}
