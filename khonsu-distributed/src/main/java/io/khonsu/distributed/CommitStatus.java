package io.khonsu.distributed;

/** What became of a commit. */
public sealed interface CommitStatus {
  /** It was applied at a version. */
  record Committed(long version) implements CommitStatus {}

  /** It was not applied, and never will be. */
  record NotCommitted() implements CommitStatus {}

  /** Its session has ended, or said that it knows the outcome: it is forgotten. */
  record Forgotten() implements CommitStatus {}

  /** No answer came in time: ask again. */
  record Unavailable(String reason) implements CommitStatus {}
}
