package io.khonsu.testkit.history;

import org.jspecify.annotations.Nullable;

/** What the adapter of a store says about a commit. */
public sealed interface CommitReport {

  /**
   * It committed.
   *
   * @param version its place in the store's order of commits, or null if the store doesn't tell
   */
  record Committed(@Nullable Long version) implements CommitReport {}

  /** It surely has no effect. */
  record Refused(String reason) implements CommitReport {}

  /** It may have been applied: a timeout, a lost connection. */
  record Unknown(String reason) implements CommitReport {}
}
