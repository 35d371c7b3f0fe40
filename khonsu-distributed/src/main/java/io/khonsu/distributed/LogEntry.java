package io.khonsu.distributed;

import io.khonsu.consensus.Member;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What an entry of the log says.
 *
 * <p>Format 1, numbers big-endian: format version and kind in a byte each, the group in 8 bytes,
 * then the fields. A batch is its first version, and its submissions as {@link #write} makes them.
 */
public sealed interface LogEntry {
  /** The format that is written, and the only one that is read. */
  byte FORMAT_VERSION = 1;

  /** What an entry has beside its submissions. */
  int HEADER_BYTES = 32;

  /** {@return which group of replicas it belongs to} */
  long group();

  /** {@return the encoded entry} */
  byte[] encode();

  /**
   * Submissions in a row.
   *
   * @param firstVersion the version of the first; each one after it has one more
   */
  record Batch(long group, long firstVersion, List<Submission> submissions) implements LogEntry {
    /** Copies the list. */
    public Batch {
      submissions = List.copyOf(submissions);
    }

    @Override
    public byte[] encode() {
      ByteArrayOutputStream out = roomFor(submissions);
      out.writeBytes(header(1, group));
      out.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(firstVersion).array());
      write(submissions, out);
      return out.toByteArray();
    }
  }

  /**
   * Time has passed.
   *
   * @param version the leader's time
   * @param watermark what requests have read at must not be older than this
   * @param expireBefore sessions that did nothing since then end
   */
  record Tick(long group, long version, long watermark, long expireBefore) implements LogEntry {
    @Override
    public byte[] encode() {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.writeBytes(header(2, group));
      ByteBuffer fields = ByteBuffer.allocate(3 * Long.BYTES).putLong(version);
      out.writeBytes(fields.putLong(watermark).putLong(expireBefore).array());
      return out.toByteArray();
    }
  }

  private static byte[] header(int kind, long group) {
    ByteBuffer header = ByteBuffer.allocate(2 + Long.BYTES).put(FORMAT_VERSION);
    return header.put((byte) kind).putLong(group).array();
  }

  /**
   * {@return the entry of bytes}
   *
   * @throws IllegalArgumentException if they are none that this version knows
   */
  static LogEntry decode(ByteBuffer in) {
    try {
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new IllegalArgumentException(
            "an entry has format version %d, known is %d: use the same version of Khonsu on all nodes"
                .formatted(format, FORMAT_VERSION));
      }
      byte kind = in.get();
      long group = in.getLong();
      LogEntry entry =
          switch (kind) {
            case 1 -> new Batch(group, in.getLong(), readSubmissions(in));
            case 2 -> new Tick(group, in.getLong(), in.getLong(), in.getLong());
            default -> throw new IllegalArgumentException("an entry has the unknown kind " + kind);
          };
      if (in.hasRemaining()) {
        throw new IllegalArgumentException(in.remaining() + " bytes follow an entry");
      }
      return entry;
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("an entry ends too early", e);
    }
  }

  /** {@return a stream with room for submissions and what an entry has beside them} */
  static ByteArrayOutputStream roomFor(List<Submission> submissions) {
    long sizeBytes = HEADER_BYTES;
    for (Submission submission : submissions) {
      sizeBytes += submission.sizeBytes();
    }
    return new ByteArrayOutputStream(Math.toIntExact(sizeBytes));
  }

  /** Writes how many submissions there are, and each: a byte for its kind, then its fields. */
  static void write(List<Submission> submissions, ByteArrayOutputStream out) {
    out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(submissions.size()).array());
    for (Submission submission : submissions) {
      switch (submission) {
        case Submission.Commit(long id, long answeredBelow, byte[] request) -> {
          ByteBuffer head = ByteBuffer.allocate(21).put((byte) 1).putLong(id);
          out.writeBytes(head.putLong(answeredBelow).putInt(request.length).array());
          out.writeBytes(request);
        }
        case Submission.Resolve(long id) ->
            out.writeBytes(ByteBuffer.allocate(9).put((byte) 2).putLong(id).array());
        case Submission.OpenSession(Member member, long start, long number) -> {
          ByteBuffer fields = ByteBuffer.allocate(33).put((byte) 3).putLong(member.node());
          fields.putLong(member.incarnation()).putLong(start).putLong(number);
          out.writeBytes(fields.array());
        }
      }
    }
  }

  /**
   * {@return the submissions that {@link #write} wrote}
   *
   * @throws IllegalArgumentException if it did not write this
   */
  static List<Submission> readSubmissions(ByteBuffer in) {
    int count = in.getInt();
    if (count < 0 || count > in.remaining()) {
      throw new IllegalArgumentException(
          "%d submissions in %d bytes".formatted(count, in.remaining()));
    }
    List<Submission> submissions = new ArrayList<>(Math.min(count, 1024));
    for (int i = 0; i < count; i++) {
      byte kind = in.get();
      submissions.add(
          switch (kind) {
            case 1 -> new Submission.Commit(in.getLong(), in.getLong(), bytes(in));
            case 2 -> new Submission.Resolve(in.getLong());
            case 3 ->
                new Submission.OpenSession(
                    new Member(in.getLong(), in.getLong()), in.getLong(), in.getLong());
            default ->
                throw new IllegalArgumentException("a submission has the unknown kind " + kind);
          });
    }
    return submissions;
  }

  private static byte[] bytes(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "a request of %d bytes in %d".formatted(length, in.remaining()));
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }
}
