package io.khonsu.consensus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The entry that ends a configuration. Once it is decided the configuration decides nothing more,
 * and the next one begins behind it.
 *
 * @param next the configuration that follows
 * @param metadata what the proposer wants everybody to know with it
 */
public record StopSign(Configuration next, Bytes metadata) {
  private static final byte FORMAT = 1;

  /** Checks that nothing is missing. */
  public StopSign {
    Objects.requireNonNull(next, "next");
    Objects.requireNonNull(metadata, "metadata");
  }

  /** {@return the bytes of the entry, as {@link #decode} reads them} */
  public byte[] encode() {
    List<Member> members = next.members();
    ByteBuffer buffer = ByteBuffer.allocate(12 + 16 * members.size() + metadata.size());
    buffer.put(FORMAT).putLong(next.id());
    buffer.put((byte) members.size());
    for (Member member : members) {
      buffer.putLong(member.node()).putLong(member.incarnation());
    }
    buffer.put((byte) next.quorums().prepare()).put((byte) next.quorums().accept());
    return buffer.put(metadata.asBuffer()).array();
  }

  /**
   * {@return the stop-sign that {@link #encode} wrote}
   *
   * @throws IllegalArgumentException if it did not write this
   */
  public static StopSign decode(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      byte format = buffer.get();
      if (format != FORMAT) {
        throw new IllegalArgumentException("unknown format of a stop-sign: " + format);
      }
      long id = buffer.getLong();
      int count = buffer.get();
      List<Member> members = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        members.add(new Member(buffer.getLong(), buffer.getLong()));
      }
      Quorums quorums = new Quorums(buffer.get(), buffer.get());
      Bytes metadata = Bytes.copyOf(bytes, buffer.position(), buffer.remaining());
      return new StopSign(new Configuration(id, members, quorums), metadata);
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a stop-sign of " + bytes.length + " bytes is cut off", e);
    }
  }
}
