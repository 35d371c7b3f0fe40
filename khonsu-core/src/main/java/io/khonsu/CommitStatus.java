package io.khonsu;

/**
 * What became of a commit of which a {@link CommitOutcomeUnknownException} was thrown; {@link
 * Store#outcome} says it.
 */
public sealed interface CommitStatus {
  /** It was applied at a version. */
  record Committed(long version) implements CommitStatus {}

  /** It was not applied, and never will be: the transaction may be run again. */
  record NotCommitted() implements CommitStatus {}

  /**
   * Nobody remembers, or ever will: it is too long ago, or who committed it has been told. It is
   * not applied from here on, but may have been: what it would have written tells.
   */
  record Forgotten() implements CommitStatus {}

  /** No answer came in time: ask again. */
  record Unavailable(String reason) implements CommitStatus {}
}
