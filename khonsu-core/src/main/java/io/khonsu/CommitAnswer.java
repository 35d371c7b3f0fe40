package io.khonsu;

import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.ConflictType;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a replicated store answers a commit request, the same on every replica.
 *
 * <p>Format 1, numbers big-endian: format version and kind in a byte each, then the fields. Of
 * conflicts at most {@value #CONFLICTS_MAX} are told, the first ones, and only as many as fit into
 * {@value #CONFLICT_BYTES_MAX} bytes. Every replica keeps answers and mixes them into the hash of
 * its state: nothing is in them that differs between replicas, and of a request not more than its
 * keys and the name of a table.
 */
sealed interface CommitAnswer {
  /** Of one answer, so many conflicts are kept. */
  int CONFLICTS_MAX = 64;

  /** Of one answer, conflicts take so many bytes at most: one that is told always has room. */
  int CONFLICT_BYTES_MAX = 256 << 10;

  /** What a conflict takes beside its keys. */
  int CONFLICT_BYTES = 3 * Integer.BYTES + 3 + 2 * Long.BYTES;

  byte FORMAT_VERSION = 1;

  /** What the usual answer has: it committed, and there was no conflict. */
  int COMMITTED_BYTES = 2 + Long.BYTES + Integer.BYTES + 1;

  /** Their codes are their places here, as those of the next; an addition goes to the end. */
  List<Reason> REASONS = List.of(Reason.TABLE_DROPPED, Reason.TABLE_EXISTS, Reason.MALFORMED);

  List<ConflictType> TYPES =
      List.of(
          ConflictType.READ_WRITE,
          ConflictType.WRITE_WRITE,
          ConflictType.READ_DELETE,
          ConflictType.WRITE_DELETE);

  /**
   * It committed.
   *
   * @param tableId the number of the table that it created, or 0
   */
  record Committed(long version, int tableId, List<Conflict> resolved) implements CommitAnswer {}

  /** It collided with others. */
  record Aborted(List<Conflict> conflicts) implements CommitAnswer {}

  /** It read at a version that is too old to be compared with what came since. */
  record TooOld(long version, long oldest) implements CommitAnswer {}

  /** What APPEND would have made is larger than allowed. */
  record OverLimit(long sizeBytes, long limitBytes) implements CommitAnswer {}

  /** It was refused for another reason, in words that are the same on all replicas. */
  record Refused(Reason reason, String message) implements CommitAnswer {}

  /** Why a request was refused. */
  enum Reason {
    /** A table that it uses was dropped. */
    TABLE_DROPPED,
    /** There is a table of that name. */
    TABLE_EXISTS,
    /** It is no request that this version makes. */
    MALFORMED
  }

  /** {@return the bytes of an answer} */
  default byte[] encode() {
    FieldWriter out = new FieldWriter(COMMITTED_BYTES);
    out.write(FORMAT_VERSION);
    switch (this) {
      case Committed(long version, int tableId, List<Conflict> resolved) -> {
        out.write(0);
        out.number(version);
        out.integer(tableId);
        write(resolved, out);
      }
      case Aborted(List<Conflict> conflicts) -> {
        out.write(1);
        write(conflicts, out);
      }
      case TooOld(long version, long oldest) -> {
        out.write(2);
        out.number(version);
        out.number(oldest);
      }
      case OverLimit(long sizeBytes, long limitBytes) -> {
        out.write(3);
        out.number(sizeBytes);
        out.number(limitBytes);
      }
      case Refused(Reason reason, String message) -> {
        out.write(4);
        out.write(REASONS.indexOf(reason));
        out.bytes(message.getBytes(StandardCharsets.UTF_8));
      }
    }
    return out.finish();
  }

  private static void write(List<Conflict> conflicts, FieldWriter out) {
    int count = toldOf(conflicts);
    out.write(count);
    for (int i = 0; i < count; i++) {
      Conflict conflict = conflicts.get(i);
      out.key(conflict.key());
      KeyInterval range = conflict.range();
      out.write(range == null ? 0 : range.to() == null ? 1 : 2);
      if (range != null) {
        out.key(range.from());
        Key to = range.to();
        if (to != null) {
          out.key(to);
        }
      }
      out.write(TYPES.indexOf(conflict.type()));
      out.write(EncodedRequest.STRATEGIES.indexOf(conflict.strategy()));
      out.number(conflict.winnerVersion());
      out.number(conflict.winnerTransaction());
    }
  }

  /** {@return how many of the first conflicts are told} */
  private static int toldOf(List<Conflict> conflicts) {
    int count = 0;
    long sizeBytes = 0;
    while (count < Math.min(conflicts.size(), CONFLICTS_MAX)) {
      sizeBytes += sizeBytes(conflicts.get(count));
      if (sizeBytes > CONFLICT_BYTES_MAX) {
        break;
      }
      count++;
    }
    return count;
  }

  private static long sizeBytes(Conflict conflict) {
    long sizeBytes = (long) CONFLICT_BYTES + conflict.key().sizeBytes();
    KeyInterval range = conflict.range();
    if (range != null) {
      Key to = range.to();
      sizeBytes += range.from().sizeBytes() + (to == null ? 0 : to.sizeBytes());
    }
    return sizeBytes;
  }

  /**
   * {@return the answer of bytes}
   *
   * @throws IllegalArgumentException if they are none
   */
  static CommitAnswer decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new IllegalArgumentException("an answer has format version " + format);
      }
      byte kind = in.get();
      return switch (kind) {
        case 0 -> new Committed(in.getLong(), in.getInt(), conflicts(in));
        case 1 -> new Aborted(conflicts(in));
        case 2 -> new TooOld(in.getLong(), in.getLong());
        case 3 -> new OverLimit(in.getLong(), in.getLong());
        case 4 -> new Refused(REASONS.get(in.get()), new String(bytes(in), StandardCharsets.UTF_8));
        default -> throw new IllegalArgumentException("an answer has the unknown kind " + kind);
      };
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException(
          "an answer of %d bytes cannot be read".formatted(bytes.length), e);
    }
  }

  private static List<Conflict> conflicts(ByteBuffer in) {
    int count = in.get();
    List<Conflict> conflicts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Key key = Key.of(bytes(in));
      @Nullable KeyInterval range = range(in);
      conflicts.add(
          new Conflict(
              key,
              range,
              TYPES.get(in.get()),
              EncodedRequest.STRATEGIES.get(in.get()),
              in.getLong(),
              in.getLong(),
              null));
    }
    return conflicts;
  }

  private static @Nullable KeyInterval range(ByteBuffer in) {
    byte bounds = in.get();
    if (bounds == 0) {
      return null;
    }
    Key from = Key.of(bytes(in));
    return new KeyInterval(from, bounds == 1 ? null : Key.of(bytes(in)));
  }

  private static byte[] bytes(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "a field of %d bytes in %d".formatted(length, in.remaining()));
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }
}
