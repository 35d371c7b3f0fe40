package io.khonsu.consensus;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The small record that storage keeps beside the log, always written whole.
 *
 * @param identity whose storage this is
 * @param configuration the configuration in force, or null while joining for the first time
 * @param previous the one before it, whose members can bring others up to date; null if unknown
 * @param configurationStart the index at which {@code configuration} begins
 * @param promise the highest ballot promised
 * @param acceptedRound the ballot in which the log was last accepted or synchronized
 */
public record Metadata(
    Identity identity,
    @Nullable Configuration configuration,
    @Nullable Configuration previous,
    long configurationStart,
    Ballot promise,
    Ballot acceptedRound) {
  /** Checks the order of ballots. */
  public Metadata {
    Objects.requireNonNull(identity, "identity");
    Objects.requireNonNull(promise, "promise");
    Objects.requireNonNull(acceptedRound, "acceptedRound");
    if (configurationStart < 0) {
      throw new IllegalArgumentException("configurationStart is negative: " + configurationStart);
    }
  }
}
