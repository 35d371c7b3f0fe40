package io.khonsu.testkit.scenario;

/** What a commit answered. */
public sealed interface CommitOutcome {

  /** The writes are visible to every transaction that begins from now on. */
  record Committed() implements CommitOutcome {}

  /**
   * None of the writes ever becomes visible.
   *
   * @param reason what the store tells its user, for failure messages
   * @param retryable whether the store's error invites the caller to run the transaction again
   */
  record Refused(String reason, boolean retryable) implements CommitOutcome {}
}
