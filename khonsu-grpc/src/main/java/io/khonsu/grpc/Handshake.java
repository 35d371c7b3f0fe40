package io.khonsu.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.khonsu.grpc.proto.Hello;
import java.util.Map;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * What a node says to another one before anything else, and how that is checked.
 *
 * @param clusterId of this node
 * @param self this node
 * @param frameBytesMax the largest frame that it sends and takes
 * @param isSecure whether certificates must name the nodes
 */
record Handshake(long clusterId, PeerSettings.Self self, int frameBytesMax, boolean isSecure) {
  /** A session of frames. */
  static final MethodDescriptor<byte[], byte[]> FRAMES =
      MethodDescriptor.newBuilder(FrameMarshaller.INSTANCE, FrameMarshaller.INSTANCE)
          // Frames go one way. But the headers of an answer that is to be one message wait for it.
          .setType(MethodType.BIDI_STREAMING)
          .setFullMethodName("khonsu.Peer/Frames")
          .build();

  static final int PROTOCOL_VERSION = 1;

  private static final Metadata.Key<byte[]> HELLO =
      Metadata.Key.of("khonsu-hello-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** What came of a check. */
  sealed interface Result {
    /** It is this peer. */
    record Accepted(PeerAddress peer) implements Result {}

    /** It is let in under no circumstances that hold now. */
    record Refused(Refusal refusal, String description) implements Result {}
  }

  /** {@return the headers that introduce this node to another one} */
  Metadata hello(long to) {
    Hello hello =
        Hello.newBuilder()
            .setProtocolVersion(PROTOCOL_VERSION)
            .setClusterId(clusterId)
            .setFrom(self.node())
            .setIncarnation(self.incarnation())
            .setTo(to)
            .setFrameBytesMax(frameBytesMax)
            .build();
    return headers(hello);
  }

  static Metadata headers(Hello hello) {
    Metadata headers = new Metadata();
    headers.put(HELLO, hello.toByteArray());
    return headers;
  }

  /**
   * {@return whether whoever calls is one of the peers}
   *
   * @param session of its connection, or null if that is plain text
   */
  Result check(Metadata headers, Map<Long, PeerAddress> peers, @Nullable SSLSession session) {
    byte[] bytes = headers.get(HELLO);
    if (bytes == null) {
      return refused(Refusal.MALFORMED_HELLO, "there is no hello: this port is for nodes");
    }
    try {
      return check(Hello.parseFrom(bytes), peers, session);
    } catch (InvalidProtocolBufferException e) {
      return refused(Refusal.MALFORMED_HELLO, "the hello cannot be read: " + e.getMessage());
    }
  }

  private Result check(Hello hello, Map<Long, PeerAddress> peers, @Nullable SSLSession session) {
    if (hello.getProtocolVersion() != PROTOCOL_VERSION) {
      return refused(
          Refusal.PROTOCOL_VERSION,
          "protocol version %s is not %d: update the older node"
              .formatted(Integer.toUnsignedString(hello.getProtocolVersion()), PROTOCOL_VERSION));
    }
    if (hello.getClusterId() != clusterId) {
      return refused(
          Refusal.OTHER_CLUSTER,
          "cluster %s is not %s: correct the address"
              .formatted(
                  Long.toUnsignedString(hello.getClusterId()), Long.toUnsignedString(clusterId)));
    }
    if (hello.getTo() != self.node()) {
      return refused(
          Refusal.OTHER_RECEIVER,
          "node %s is not here, but node %d: correct the address"
              .formatted(Long.toUnsignedString(hello.getTo()), self.node()));
    }
    return checkCaller(hello, peers.get(hello.getFrom()), session);
  }

  private Result checkCaller(
      Hello hello, @Nullable PeerAddress peer, @Nullable SSLSession session) {
    String from = Long.toUnsignedString(hello.getFrom());
    if (peer == null || hello.getFrom() == self.node()) {
      return refused(
          Refusal.UNKNOWN_NODE,
          "node %s is not among the peers of node %d".formatted(from, self.node()));
    }
    if (isSecure && !TlsIdentity.names(session, TlsFiles.nodeUri(clusterId, hello.getFrom()))) {
      return refused(
          Refusal.OTHER_CERTIFICATE,
          "no certificate that is trusted has the name %s: make one for this node"
              .formatted(TlsFiles.nodeUri(clusterId, hello.getFrom())));
    }
    if (Long.compareUnsigned(hello.getIncarnation(), peer.incarnation()) < 0) {
      return refused(
          Refusal.OLD_INCARNATION,
          "node %s has the storage %s, but was given %d since: add it to the cluster again"
              .formatted(from, Long.toUnsignedString(hello.getIncarnation()), peer.incarnation()));
    }
    if (Integer.compareUnsigned(hello.getFrameBytesMax(), frameBytesMax) > 0) {
      return refused(
          Refusal.FRAME_SIZE,
          "node %s sends frames of up to %s bytes, of which node %d takes %d: set frameBytesMax alike"
              .formatted(
                  from,
                  Integer.toUnsignedString(hello.getFrameBytesMax()),
                  self.node(),
                  frameBytesMax));
    }
    return new Result.Accepted(peer);
  }

  private static Result refused(Refusal refusal, String description) {
    return new Result.Refused(refusal, description);
  }
}
