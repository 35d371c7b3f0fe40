package io.khonsu.distributed;

import io.khonsu.consensus.Member;
import java.nio.ByteBuffer;

/** What somebody wants to have a place in the log. The same one may come there several times. */
public sealed interface Submission {
  /** {@return about how many bytes it takes} */
  int sizeBytes();

  /** {@return what tells it from others, and equals that of its repetitions} */
  Object identity();

  /** What a commit is known by. */
  record CommitIdentity(long commitId) {}

  /**
   * A request to commit.
   *
   * @param commitId the session and the number in it; see {@link CommitIds}
   * @param answeredBelow up to here, this number excluded, the session needs no outcomes any more
   * @param request what the store made; nobody changes it, or moves its position or limit
   */
  record Commit(long commitId, long answeredBelow, ByteBuffer request) implements Submission {
    /** Takes over the bytes of a request. */
    public Commit(long commitId, long answeredBelow, byte[] request) {
      this(commitId, answeredBelow, ByteBuffer.wrap(request));
    }

    @Override
    public int sizeBytes() {
      return request.remaining() + 24;
    }

    @Override
    public Object identity() {
      return new CommitIdentity(commitId);
    }
  }

  /**
   * Asks for the outcome of a commit: from here on it has one, because if it is not applied yet it
   * never will be.
   */
  record Resolve(long commitId) implements Submission {
    @Override
    public int sizeBytes() {
      return 16;
    }

    @Override
    public Object identity() {
      return this;
    }
  }

  /**
   * Opens a session.
   *
   * @param member the node that asks
   * @param start how often it had been started
   * @param number counts its questions since then
   */
  record OpenSession(Member member, long start, long number) implements Submission {
    @Override
    public int sizeBytes() {
      return 40;
    }

    @Override
    public Object identity() {
      return this;
    }
  }
}
