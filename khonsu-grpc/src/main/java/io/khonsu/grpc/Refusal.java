package io.khonsu.grpc;

import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Why a node did not let another one in. */
public enum Refusal {
  /** The hello cannot be read, or there is none: whoever calls is no node. */
  MALFORMED_HELLO(Status.Code.INVALID_ARGUMENT),
  /** It speaks another version of the protocol: update the older of the two. */
  PROTOCOL_VERSION(Status.Code.FAILED_PRECONDITION),
  /** It belongs to another cluster: correct the address by which it called. */
  OTHER_CLUSTER(Status.Code.FAILED_PRECONDITION),
  /** It wanted to reach another node: correct the address by which it called. */
  OTHER_RECEIVER(Status.Code.FAILED_PRECONDITION),
  /** It is not among the peers that this node knows. */
  UNKNOWN_NODE(Status.Code.PERMISSION_DENIED),
  /** Its storage is one that has been replaced: it must not come back. */
  OLD_INCARNATION(Status.Code.FAILED_PRECONDITION),
  /** Its certificate is not that of the node which it says it is. */
  OTHER_CERTIFICATE(Status.Code.PERMISSION_DENIED),
  /** It may send larger frames than this node takes: set {@code frameBytesMax} alike. */
  FRAME_SIZE(Status.Code.FAILED_PRECONDITION),
  /** It connected and said no hello, in time or while others waited: it is hung up on. */
  NO_HELLO(Status.Code.RESOURCE_EXHAUSTED),
  /** This node does not take frames yet, or any more: call again later. */
  NOT_RUNNING(Status.Code.UNAVAILABLE);

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("khonsu-refusal", Metadata.ASCII_STRING_MARSHALLER);

  private final Status.Code code;

  Refusal(Status.Code code) {
    this.code = code;
  }

  /** {@return the status that says so} */
  Status status(String description) {
    return code.toStatus().withDescription(description);
  }

  /** {@return the trailers that say so} */
  Metadata trailers() {
    Metadata trailers = new Metadata();
    trailers.put(KEY, name());
    return trailers;
  }

  /** {@return what trailers say, or null if it is none of these} */
  static @Nullable Refusal of(Metadata trailers) {
    String name = trailers.get(KEY);
    return Arrays.stream(values())
        .filter(refusal -> refusal.name().equals(name))
        .findFirst()
        .orElse(null);
  }
}
