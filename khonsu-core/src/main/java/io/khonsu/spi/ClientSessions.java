package io.khonsu.spi;

import io.khonsu.CommitStatus;
import java.util.concurrent.CompletionStage;

/**
 * Sessions of clients in the order of a replicated store: what is handed in twice under one number
 * is applied once. Thread-safe; nothing here blocks. Every stage completes within a time that the
 * implementation sees to.
 */
public interface ClientSessions {
  /** Opens a session; {@return {@link Answer.Opened} or {@link Answer.Unavailable}} */
  CompletionStage<Answer> open();

  /**
   * Hands in a request. If the node that puts requests in order has no memory for it, the answer is
   * {@link Answer.NeverApplied}, or what came of it when it was handed in before under the same
   * number. {@link Answer.Unavailable}, as when there is no memory here, is about this time alone:
   * whoever has handed it in before does not know more of that.
   *
   * @param commitId its number, of the session that it belongs to
   * @param answeredBelow up to here, this number excluded, the session needs no answers any more
   * @param request encoded; nobody changes it any more
   */
  CompletionStage<Answer> submit(long commitId, long answeredBelow, byte[] request);

  /**
   * Asks what became of a request, as {@link CommitOrder#outcome}.
   *
   * @param commitId any number
   */
  CompletionStage<CommitStatus> outcome(long commitId);

  /** {@return whether what is handed in here gets its place here, and is not passed on} */
  boolean leads();

  /** {@return the id of a commit} */
  long commitId(long session, long number);

  /** What became of something that was handed in. */
  sealed interface Answer {
    /** A session was opened. */
    record Opened(long session) implements Answer {}

    /**
     * It was decided, now or before.
     *
     * @param answer of the replicated store; nobody changes it
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    record Decided(byte[] answer) implements Answer {}

    /** It was not applied, and never will be. */
    record NeverApplied() implements Answer {}

    /** The session has ended, and what it did is forgotten. */
    record NoSession() implements Answer {}

    /** It is larger than one may be. */
    record TooLarge(long sizeBytes, long limitBytes) implements Answer {}

    /** Handing it in had no effect this time, and will have none. */
    record Unavailable(String reason) implements Answer {}

    /** It may have been applied, or may be later. */
    record Unknown(String reason) implements Answer {}
  }
}
