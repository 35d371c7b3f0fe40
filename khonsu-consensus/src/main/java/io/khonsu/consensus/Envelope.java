package io.khonsu.consensus;

import java.util.Objects;

/**
 * A message on its way.
 *
 * @param clusterId the cluster of both ends
 * @param configuration the configuration in which the sender was, or 0 if in none
 * @param from the sender
 * @param to the receiver; only this incarnation may read it
 * @param message what is said
 */
public record Envelope(
    long clusterId, long configuration, Member from, Member to, Message message) {
  /** Checks that nothing is missing. */
  public Envelope {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(to, "to");
    Objects.requireNonNull(message, "message");
  }
}
