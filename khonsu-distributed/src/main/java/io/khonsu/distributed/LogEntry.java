package io.khonsu.distributed;

import io.khonsu.consensus.Member;
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

  /** What submissions take in bytes: a commit beside its request, and the others. */
  int COMMIT_HEAD_BYTES = 1 + 2 * Long.BYTES + Integer.BYTES;

  int RESOLVE_BYTES = 1 + Long.BYTES;
  int OPEN_SESSION_BYTES = 1 + 4 * Long.BYTES;

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
      byte[] entry = new byte[2 + 2 * Long.BYTES + LogEntry.sizeBytes(submissions)];
      write(submissions, header(entry, 1, group).putLong(firstVersion));
      return entry;
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
      byte[] entry = new byte[2 + 4 * Long.BYTES];
      header(entry, 2, group).putLong(version).putLong(watermark).putLong(expireBefore);
      return entry;
    }
  }

  /** Writes the header of an entry; {@return what writes on behind it} */
  private static ByteBuffer header(byte[] entry, int kind, long group) {
    return ByteBuffer.wrap(entry).put(FORMAT_VERSION).put((byte) kind).putLong(group);
  }

  /**
   * {@return the entry of bytes} Its requests are parts of them: nobody may change them any more.
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

  /** {@return how many bytes {@link #write} writes} */
  static int sizeBytes(List<Submission> submissions) {
    long sizeBytes = Integer.BYTES;
    for (Submission submission : submissions) {
      sizeBytes +=
          switch (submission) {
            case Submission.Commit commit ->
                COMMIT_HEAD_BYTES + (long) commit.request().remaining();
            case Submission.Resolve _ -> RESOLVE_BYTES;
            case Submission.OpenSession _ -> OPEN_SESSION_BYTES;
          };
    }
    return Math.toIntExact(sizeBytes);
  }

  /** Writes how many submissions there are, and each: a byte for its kind, then its fields. */
  static void write(List<Submission> submissions, ByteBuffer out) {
    out.putInt(submissions.size());
    for (Submission submission : submissions) {
      switch (submission) {
        case Submission.Commit(long id, long answeredBelow, ByteBuffer request) -> {
          out.put((byte) 1).putLong(id).putLong(answeredBelow).putInt(request.remaining());
          out.put(request.duplicate());
        }
        case Submission.Resolve(long id) -> out.put((byte) 2).putLong(id);
        case Submission.OpenSession(Member member, long start, long number) -> {
          out.put((byte) 3).putLong(member.node()).putLong(member.incarnation());
          out.putLong(start).putLong(number);
        }
      }
    }
  }

  /**
   * {@return the submissions that {@link #write} wrote} Their requests are parts of these bytes,
   * which nobody may change any more.
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
            case 1 -> new Submission.Commit(in.getLong(), in.getLong(), part(in));
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

  private static ByteBuffer part(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "a request of %d bytes in %d".formatted(length, in.remaining()));
    }
    ByteBuffer part = in.slice(in.position(), length);
    in.position(in.position() + length);
    return part;
  }
}
