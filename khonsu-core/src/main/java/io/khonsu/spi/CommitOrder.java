package io.khonsu.spi;

import io.khonsu.CommitStatus;
import java.util.concurrent.CompletionStage;

/**
 * What puts the commit requests of a replicated store into one order, the same on every replica,
 * and makes them durable. Thread-safe; nothing here blocks.
 *
 * <p>Every stage that is returned completes within a time that the implementation sees to, at the
 * latest when it is closed.
 */
public interface CommitOrder extends AutoCloseable {
  /**
   * Why a request was not applied, and never will be, that has a place in the order all the same.
   */
  String GIVEN_UP =
      "the commit was given up: the leader's memory is used up, or somebody has asked for its"
          + " outcome; delete something, or raise store.memoryLimitBytes there";

  /**
   * Hands in a request. If the node that puts requests in order has no memory for it, the reply is
   * {@link Reply.Unavailable} wherever it was handed in; {@link Reply.Unknown} all the same if
   * nothing of that is heard in time, for the request may have come into the order before.
   *
   * @param request encoded; nobody changes it any more
   * @return completes after the request was applied here, or when that is given up
   */
  CompletionStage<Reply> submit(byte[] request);

  /**
   * Asks for the moment from which on all is visible here that was acknowledged anywhere before
   * this call, or a while before it.
   *
   * @param stalenessNanosMax how long before, in nanoseconds, from 0
   * @return completes with {@link Reply.Decided} then, its answer being empty
   */
  CompletionStage<Reply> awaitCurrent(long stalenessNanosMax);

  /**
   * Asks what became of a request whose reply was {@link Reply.Unknown}. If it was not applied by
   * then, it never will be.
   *
   * @param commitId from that reply, here or at another store with the same order
   */
  CompletionStage<CommitStatus> outcome(long commitId);

  /** Hands in nothing more, and completes what is under way. Closing twice does nothing. */
  @Override
  void close();

  /** What became of a request. */
  sealed interface Reply {
    /**
     * It was decided.
     *
     * @param answer what the replicated store answered when it was applied; nobody changes it
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    record Decided(byte[] answer) implements Reply {}

    /** It surely had no effect, and never will: it may be handed in again later. */
    record Unavailable(String reason) implements Reply {}

    /** It is larger than this order takes. */
    record TooLarge(long sizeBytes, long limitBytes) implements Reply {}

    /**
     * It may have been applied, or may be later.
     *
     * @param commitId what it is called where its outcome can be asked for
     */
    record Unknown(long commitId, String reason) implements Reply {}
  }
}
