package io.khonsu;

import java.time.Duration;
import java.util.List;

/**
 * Is told of collisions and of waiting, for metrics and logs. Registered by {@link
 * Khonsu#addContentionListener}, which says how it is called. Commits without a conflict are not
 * reported, and cost nothing.
 */
public interface ContentionListener {
  /** An attempt was aborted because it collided with others. */
  default void onConflict(ConflictEvent event) {}

  /** A transaction has waited in {@link Transaction#retry}. */
  default void onWait(WaitEvent event) {}

  /** {@link Khonsu#transact} has given up. */
  default void onGiveUp(GiveUpEvent event) {}

  /**
   * An aborted attempt.
   *
   * @param transactionId the id, the same for all attempts of {@link Khonsu#transact}
   * @param name as {@link TransactionOptions#name} gave it
   * @param conflicts why, at least one
   */
  record ConflictEvent(long transactionId, String name, List<TableConflict> conflicts) {}

  /** Why waiting has ended. */
  enum WaitOutcome {
    /** Something that was read has changed, or the store was closed or has stopped. */
    CHANGED,
    /** The timeout of the transaction has passed. */
    TIMED_OUT,
    /** The thread was interrupted. */
    INTERRUPTED
  }

  /**
   * The end of waiting for a change.
   *
   * @param transactionId the id
   * @param name as {@link TransactionOptions#name} gave it
   * @param waited how long
   * @param outcome why it has ended
   */
  record WaitEvent(long transactionId, String name, Duration waited, WaitOutcome outcome) {}

  /**
   * A transaction that could not be committed.
   *
   * @param transactionId the id
   * @param name as {@link TransactionOptions#name} gave it
   * @param attempts how often it was run
   * @param waited for how long in all
   */
  record GiveUpEvent(long transactionId, String name, int attempts, Duration waited) {}
}
