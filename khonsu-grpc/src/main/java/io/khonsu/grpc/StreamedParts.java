package io.khonsu.grpc;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.khonsu.spi.ClientNetwork;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What goes over a stream of brief questions: each message, either way, is some parts one behind
 * the other. The client numbers its questions; the answer to a question has its number, and comes
 * whenever it is there.
 *
 * <p>A part, numbers big-endian: the number in 8 bytes, the {@link Kind} in 1, the length of what
 * follows in 4.
 */
final class StreamedParts {
  static final MethodDescriptor<byte[], byte[]> STREAM =
      MethodDescriptor.newBuilder(FrameMarshaller.INSTANCE, FrameMarshaller.INSTANCE)
          .setType(MethodType.BIDI_STREAMING)
          .setFullMethodName("khonsu.Client/AskBriefly")
          .build();

  /** So many questions of one stream may be under way. */
  static final int UNDER_WAY_MAX = 4096;

  private static final int HEADER_BYTES = Long.BYTES + 1 + Integer.BYTES;

  /** A message is not larger than this, but for an answer that is so by itself. */
  static final int MESSAGE_BYTES_MAX = ClientNetwork.Nodes.BRIEF_BYTES_MAX + HEADER_BYTES;

  /** What a part is. */
  enum Kind {
    /** A question, to a node. */
    QUESTION(0),

    /** The answer, from a node. */
    ANSWER(1),

    /** Why the node has not looked at the question, and will not, in UTF-8. */
    NOT_ASKED(2),

    /** Why there is no answer, in UTF-8. */
    FAILED(3);

    private final byte code;

    Kind(int code) {
      this.code = (byte) code;
    }

    private static Kind of(byte code) {
      return switch (code) {
        case 0 -> QUESTION;
        case 1 -> ANSWER;
        case 2 -> NOT_ASKED;
        case 3 -> FAILED;
        default -> throw new IllegalArgumentException("a part of a stream has the kind " + code);
      };
    }
  }

  /** One of them. */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Part(long number, Kind kind, byte[] bytes) {
    int sizeBytes() {
      return HEADER_BYTES + bytes.length;
    }
  }

  private StreamedParts() {}

  /** {@return a message of parts} */
  static byte[] join(List<Part> parts) {
    byte[] message = new byte[parts.stream().mapToInt(Part::sizeBytes).sum()];
    ByteBuffer out = ByteBuffer.wrap(message);
    for (Part part : parts) {
      out.putLong(part.number).put(part.kind.code);
      out.putInt(part.bytes.length).put(part.bytes);
    }
    return message;
  }

  /**
   * {@return the parts of a message}
   *
   * @throws IllegalArgumentException if it has none, or something else
   */
  static List<Part> split(byte[] message) {
    List<Part> parts = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(message);
    do {
      if (in.remaining() < HEADER_BYTES) {
        throw new IllegalArgumentException("a message of a stream ends within a part");
      }
      long number = in.getLong();
      Kind kind = Kind.of(in.get());
      int length = in.getInt();
      if (length < 0 || length > in.remaining()) {
        throw new IllegalArgumentException(
            "a part of a stream has %d bytes, but %d follow".formatted(length, in.remaining()));
      }
      byte[] bytes = new byte[length];
      in.get(bytes);
      parts.add(new Part(number, kind, bytes));
    } while (in.hasRemaining());
    return parts;
  }
}
