package io.khonsu.spi;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/**
 * The commits that one replica of a store has applied, but for the oldest if it has let go of them:
 * the rest of a prefix of those of the store, which may be shorter than that of another replica, or
 * than it was before a restart, but is never another one. Thread-safe.
 */
public interface ReplicatedHistory extends CommitHistory {
  /**
   * {@return what tells the history from every other, the same on all replicas; empty as long as
   * nothing was committed}
   *
   * @throws IOException if it cannot be read
   */
  Optional<UUID> id() throws IOException;

  /**
   * Keeps the commits after a version, also when the replica is started again, until this is called
   * with a later version, or {@link #release}: the replica may let go of those before.
   *
   * @throws IOException if that cannot be remembered
   */
  void hold(long afterVersion) throws IOException;

  /** {@return whether commits are kept for that, also since before the replica was started} */
  boolean isHeld();

  /**
   * Keeps no commits for that any more.
   *
   * @throws IOException if that cannot be remembered
   */
  void release() throws IOException;
}
