package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What a client asks a node. Asking again, also another node, changes nothing.
 *
 * <p>Format 2, numbers big-endian: format version in a byte; the cluster's id in 8 bytes, 0 from
 * who does not know it; the kind in a byte; the fields. Keys and lists as in {@link
 * EncodedRequest}.
 */
sealed interface RemoteQuestion {
  byte FORMAT_VERSION = 2;

  /** What the usual question, a {@link Commit}, has beside its request. */
  int COMMIT_BYTES = 2 + 4 * Long.BYTES + Integer.BYTES;

  /** The longest that {@link Changed} may ask to wait, in milliseconds. */
  int WAIT_MILLIS_MAX = 10_000;

  /**
   * Which commit is the newest?
   *
   * @param atLeast a version that the client has seen already
   * @param stalenessNanosMax how long ago others may have acknowledged newer ones, from 0
   */
  record Newest(long atLeast, long stalenessNanosMax) implements RemoteQuestion {
    /** However long ago: the node asks nobody. */
    static final long KNOWN_THERE = Long.MAX_VALUE;

    /** Refuses what cannot be. */
    public Newest {
      if (stalenessNanosMax < 0) {
        throw new IllegalArgumentException(
            "a snapshot cannot be %d ns stale".formatted(stalenessNanosMax));
      }
    }
  }

  /** What were these items at a version? */
  record Items(long version, List<Key> keys) implements RemoteQuestion {}

  /**
   * Which items were in an interval at a version?
   *
   * @param filter of their rows, or of no bytes
   * @param keysOnly whether only the keys are of interest
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Range(long version, KeyInterval interval, byte[] filter, boolean keysOnly)
      implements RemoteQuestion {}

  /**
   * Was anything committed to what a request has read since it was read? Waits for it.
   *
   * @param request an {@link EncodedRequest}
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Changed(byte[] request, int waitMillis) implements RemoteQuestion {}

  /** A session, please. */
  record OpenSession() implements RemoteQuestion {}

  /** Commit this, unless it was before. */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Commit(long session, long number, long answeredBelow, byte[] request)
      implements RemoteQuestion {}

  /** What became of a commit? If it was not applied by then, it never will be. */
  record Outcome(long commitId) implements RemoteQuestion {}

  /** A question as it was read, with the cluster that it is meant for. */
  record Addressed(long clusterId, RemoteQuestion question) {}

  /** {@return the bytes of this} */
  default byte[] encode(long clusterId) {
    FieldWriter out =
        new FieldWriter(COMMIT_BYTES + (this instanceof Commit commit ? commit.request.length : 0));
    out.write(FORMAT_VERSION);
    out.number(clusterId);
    switch (this) {
      case Newest(long atLeast, long stalenessNanosMax) -> {
        out.write(1);
        out.number(atLeast);
        out.number(stalenessNanosMax);
      }
      case Items(long version, List<Key> keys) -> {
        out.write(2);
        out.number(version);
        out.keys(keys);
      }
      case Range(long version, KeyInterval interval, byte[] filter, boolean keysOnly) -> {
        out.write(3);
        out.number(version);
        out.interval(interval);
        out.bytes(filter);
        out.write(keysOnly ? 1 : 0);
      }
      case Changed(byte[] request, int waitMillis) -> {
        out.write(4);
        out.bytes(request);
        out.integer(waitMillis);
      }
      case OpenSession() -> out.write(5);
      case Commit(long session, long number, long answeredBelow, byte[] request) -> {
        out.write(6);
        out.number(session);
        out.number(number);
        out.number(answeredBelow);
        out.bytes(request);
      }
      case Outcome(long commitId) -> {
        out.write(7);
        out.number(commitId);
      }
    }
    return out.finish();
  }

  /**
   * {@return the question of bytes}
   *
   * @throws IllegalArgumentException if they are none
   */
  static Addressed decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new IllegalArgumentException(
            "the client speaks version %d, this node %d: update the older of the two"
                .formatted(format, FORMAT_VERSION));
      }
      long clusterId = in.getLong();
      RemoteQuestion question = question(in.get(), in);
      if (in.hasRemaining()) {
        throw new IllegalArgumentException(in.remaining() + " bytes follow a question");
      }
      return new Addressed(clusterId, question);
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a question ends too early", e);
    }
  }

  private static RemoteQuestion question(byte kind, ByteBuffer in) {
    return switch (kind) {
      case 1 -> new Newest(in.getLong(), in.getLong());
      case 2 -> new Items(in.getLong(), EncodedRequest.keys(in));
      case 3 ->
          new Range(
              in.getLong(), EncodedRequest.interval(in), EncodedRequest.bytes(in), in.get() != 0);
      case 4 -> new Changed(EncodedRequest.bytes(in), in.getInt());
      case 5 -> new OpenSession();
      case 6 -> new Commit(in.getLong(), in.getLong(), in.getLong(), EncodedRequest.bytes(in));
      case 7 -> new Outcome(in.getLong());
      default -> throw new IllegalArgumentException("a question has the unknown kind " + kind);
    };
  }
}
