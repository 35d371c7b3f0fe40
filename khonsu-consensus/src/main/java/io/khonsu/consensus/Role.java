package io.khonsu.consensus;

/** What a replica does in its configuration. */
public enum Role {
  /** Accepts what a leader sends. */
  FOLLOWER,
  /** Has a ballot of its own and tries to lead by it, or does. */
  LEADER,
  /** Is no member: joins, or was removed. It votes in nothing and helps others to catch up. */
  PASSIVE
}
