package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.TransactionCodec;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node answers a {@link RemoteQuestion}.
 *
 * <p>Format 2, as that of questions; the cluster is that of the node. A {@link Refused} has this
 * format in all versions, so that who speaks another one can read why.
 */
sealed interface RemoteAnswer {
  /** What the usual answer, a {@link Decided}, has beside that of the store. */
  int DECIDED_BYTES = 3 + Long.BYTES + Integer.BYTES;

  /** The kind of {@link Refused}. */
  byte REFUSED = 13;

  /** The newest version that the node knows of, and the oldest that it can read at. */
  record Versions(long newest, long oldest) implements RemoteAnswer {}

  /**
   * Items, as far as they exist.
   *
   * @param items a transaction of {@link TransactionCodec} that would make them; of no bytes if
   *     there are none
   * @param next the first key that was asked for and is not considered yet; null if there is none
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Found(byte[] items, @Nullable Key next) implements RemoteAnswer {
    static Found of(List<Mutation> items, @Nullable Key next) {
      return new Found(
          items.isEmpty()
              ? new byte[0]
              : TransactionCodec.encode(new CommittedTransaction(1, 0, items)),
          next);
    }

    /**
     * {@return what would make the items}
     *
     * @throws UnavailableException if the bytes are none of a transaction
     */
    List<Mutation> mutations() {
      try {
        return items.length == 0 ? List.of() : TransactionCodec.decode(items).mutations();
      } catch (DamagedStorageException | StorageRefusedException e) {
        throw new UnavailableException("an answer was damaged on its way: " + e.getMessage(), e);
      }
    }
  }

  /** The keys of items, and as in {@link Found}. */
  record Names(List<Key> keys, @Nullable Key next) implements RemoteAnswer {}

  /** A session was opened. */
  record Opened(long session) implements RemoteAnswer {}

  /**
   * A commit was decided.
   *
   * @param answer a {@link CommitAnswer}
   * @param isByLeader whether the node that was asked leads: another one passes commits on
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Decided(byte[] answer, boolean isByLeader) implements RemoteAnswer {}

  /** A commit was applied at a version. */
  record Committed(long version) implements RemoteAnswer {}

  /** The session is not there any more, or has said that it needs no such outcome. */
  record NoSession() implements RemoteAnswer {}

  /** A commit was not applied, and never will be. */
  record NeverApplied() implements RemoteAnswer {}

  /** A commit may have been applied, or may be later. */
  record Unknown(String reason) implements RemoteAnswer {}

  /** Nothing happened: ask again, maybe another node. */
  record Unavailable(String reason) implements RemoteAnswer {}

  /** The version is older than what is kept. */
  record TooOld(long version, long oldest) implements RemoteAnswer {}

  /** There is no such table any more. */
  record Dropped(String message) implements RemoteAnswer {}

  /** Something is larger than this node takes. */
  record TooLarge(long sizeBytes, long limitBytes) implements RemoteAnswer {}

  /** This is no question that this node can answer, and never will be. */
  record Refused(String message) implements RemoteAnswer {}

  /** An answer as it was read, with the cluster that it comes from. */
  record Addressed(long clusterId, RemoteAnswer answer) {}

  /** {@return the bytes of this} */
  default byte[] encode(long clusterId) {
    FieldWriter out =
        new FieldWriter(
            DECIDED_BYTES + (this instanceof Decided decided ? decided.answer.length : 0));
    out.write(RemoteQuestion.FORMAT_VERSION);
    out.number(clusterId);
    switch (this) {
      case Versions(long newest, long oldest) -> numbers(out, 1, newest, oldest);
      case Found(byte[] items, Key next) -> {
        out.write(2);
        out.bytes(items);
        out.keys(next == null ? List.of() : List.of(next));
      }
      case Names(List<Key> keys, Key next) -> {
        out.write(3);
        out.keys(keys);
        out.keys(next == null ? List.of() : List.of(next));
      }
      case Opened(long session) -> numbers(out, 4, session);
      case Decided(byte[] answer, boolean isByLeader) -> {
        out.write(5);
        out.bytes(answer);
        out.write(isByLeader ? 1 : 0);
      }
      case NoSession() -> out.write(6);
      case NeverApplied() -> out.write(7);
      case Unknown(String reason) -> text(out, 8, reason);
      case Unavailable(String reason) -> text(out, 9, reason);
      case TooOld(long version, long oldest) -> numbers(out, 10, version, oldest);
      case Dropped(String message) -> text(out, 11, message);
      case TooLarge(long sizeBytes, long limitBytes) -> numbers(out, 12, sizeBytes, limitBytes);
      case Refused(String message) -> text(out, REFUSED, message);
      case Committed(long version) -> numbers(out, 14, version);
    }
    return out.finish();
  }

  private static void numbers(FieldWriter out, int kind, long... numbers) {
    out.write(kind);
    for (long number : numbers) {
      out.number(number);
    }
  }

  private static void text(FieldWriter out, int kind, String text) {
    out.write(kind);
    out.bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * {@return the answer of bytes}
   *
   * @throws IllegalArgumentException if they are none
   */
  static Addressed decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      byte format = in.get();
      long clusterId = in.getLong();
      byte kind = in.get();
      if (format != RemoteQuestion.FORMAT_VERSION && kind != REFUSED) {
        throw new IllegalArgumentException("an answer has format version " + format);
      }
      return new Addressed(clusterId, answer(kind, in));
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("an answer ends too early", e);
    }
  }

  private static RemoteAnswer answer(byte kind, ByteBuffer in) {
    return switch (kind) {
      case 1 -> new Versions(in.getLong(), in.getLong());
      case 2 -> new Found(EncodedRequest.bytes(in), next(in));
      case 3 -> new Names(EncodedRequest.keys(in), next(in));
      case 4 -> new Opened(in.getLong());
      case 5 -> new Decided(EncodedRequest.bytes(in), in.get() != 0);
      case 6 -> new NoSession();
      case 7 -> new NeverApplied();
      case 8 -> new Unknown(text(in));
      case 9 -> new Unavailable(text(in));
      case 10 -> new TooOld(in.getLong(), in.getLong());
      case 11 -> new Dropped(text(in));
      case 12 -> new TooLarge(in.getLong(), in.getLong());
      case REFUSED -> new Refused(text(in));
      case 14 -> new Committed(in.getLong());
      default -> throw new IllegalArgumentException("an answer has the unknown kind " + kind);
    };
  }

  private static @Nullable Key next(ByteBuffer in) {
    List<Key> next = EncodedRequest.keys(in);
    return next.isEmpty() ? null : next.getFirst();
  }

  private static String text(ByteBuffer in) {
    return new String(EncodedRequest.bytes(in), StandardCharsets.UTF_8);
  }
}
