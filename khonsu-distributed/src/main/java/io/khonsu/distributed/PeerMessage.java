package io.khonsu.distributed;

import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.wire.WireFormat;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What nodes say to each other.
 *
 * <p>Format 1: format version and kind in a byte each, the group in 8 bytes, big-endian, then the
 * message as {@link WireFormat} or {@link LogEntry#write} writes it.
 */
sealed interface PeerMessage {
  byte FORMAT_VERSION = 1;

  /** What a frame has at most beside a message of the consensus. */
  int HEADER_BYTES = 10;

  /** By the byte that stands for each. */
  List<Standing> STANDINGS =
      List.of(Standing.JOINING, Standing.MEMBER, Standing.REMOVED, Standing.LEAVING);

  /** {@return which group of replicas it is about} */
  long group();

  /** A message of the consensus. */
  record Consensus(long group, Envelope envelope) implements PeerMessage {}

  /** Submissions on their way to the leader. */
  record Forward(long group, List<Submission> submissions) implements PeerMessage {
    /** Copies the list. */
    public Forward {
      submissions = List.copyOf(submissions);
    }
  }

  /** Asks a node which disk it has, and what it is in the cluster. */
  record WhoIsThere(long group) implements PeerMessage {}

  /**
   * The answer to that.
   *
   * @param clusterId of the node that answers
   * @param member the node, with its disk
   * @param standing what it is
   */
  record Introduction(long group, long clusterId, Member member, Standing standing)
      implements PeerMessage {}

  /** {@return the frame of a message} */
  default byte[] encode(WireFormat format) {
    byte[] frame =
        switch (this) {
          case Consensus(long _, Envelope envelope) -> format.write(envelope, HEADER_BYTES);
          case Forward(long _, var submissions) ->
              new byte[HEADER_BYTES + LogEntry.sizeBytes(submissions)];
          case WhoIsThere _ -> new byte[HEADER_BYTES];
          case Introduction _ -> new byte[HEADER_BYTES + 3 * Long.BYTES + 1];
        };
    ByteBuffer out = ByteBuffer.wrap(frame).put(FORMAT_VERSION);
    switch (this) {
      case Consensus _ -> out.put((byte) 1).putLong(group());
      case Forward(long group, var submissions) ->
          LogEntry.write(submissions, out.put((byte) 2).putLong(group));
      case WhoIsThere(long group) -> out.put((byte) 3).putLong(group);
      case Introduction(long group, long clusterId, Member member, var standing) -> {
        out.put((byte) 4).putLong(group).putLong(clusterId).putLong(member.node());
        out.putLong(member.incarnation()).put((byte) STANDINGS.indexOf(standing));
      }
    }
    return frame;
  }

  /**
   * {@return the message of a frame}
   *
   * @throws RuntimeException if it is none: drop it
   */
  static PeerMessage decode(byte[] frame, WireFormat format) {
    ByteBuffer in = ByteBuffer.wrap(frame);
    try {
      byte version = in.get();
      byte kind = in.get();
      long group = in.getLong();
      if (version != FORMAT_VERSION) {
        throw new IllegalArgumentException("a frame has format version " + version);
      }
      return switch (kind) {
        case 1 -> new Consensus(group, format.readEnvelope(in));
        case 2 -> new Forward(group, LogEntry.readSubmissions(in));
        case 3 -> new WhoIsThere(group);
        case 4 ->
            new Introduction(
                group, in.getLong(), new Member(in.getLong(), in.getLong()), standing(in.get()));
        default -> throw new IllegalArgumentException("a frame has the unknown kind " + kind);
      };
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException(
          "a frame of %d bytes is cut off".formatted(frame.length), e);
    }
  }

  private static Standing standing(byte code) {
    if (code < 0 || code >= STANDINGS.size()) {
      throw new IllegalArgumentException("a node cannot be " + code + " in a cluster");
    }
    return STANDINGS.get(code);
  }
}
