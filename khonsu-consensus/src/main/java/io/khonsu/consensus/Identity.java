package io.khonsu.consensus;

import java.util.Objects;

/**
 * What a storage belongs to.
 *
 * @param clusterId the cluster; messages of others are refused
 * @param member the replica in it
 */
public record Identity(long clusterId, Member member) {
  /** Checks that nothing is missing. */
  public Identity {
    Objects.requireNonNull(member, "member");
  }
}
