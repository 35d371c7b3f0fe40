package io.khonsu.spi;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/**
 * The commits that one replica of a store has applied: a prefix of those of the store, which may be
 * shorter than that of another replica, or than it was before a restart, but is never another one.
 * Thread-safe.
 */
public interface ReplicatedHistory extends CommitHistory {
  /**
   * {@return what tells the history from every other, the same on all replicas; empty as long as
   * nothing was committed}
   *
   * @throws IOException if it cannot be read
   */
  Optional<UUID> id() throws IOException;
}
