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
 * @param starts how often the replica was started on this storage
 */
public record Metadata(
    Identity identity,
    @Nullable Configuration configuration,
    @Nullable Configuration previous,
    long configurationStart,
    Ballot promise,
    Ballot acceptedRound,
    long starts) {
  /** Checks the ranges. */
  public Metadata {
    Objects.requireNonNull(identity, "identity");
    Objects.requireNonNull(promise, "promise");
    Objects.requireNonNull(acceptedRound, "acceptedRound");
    if (configurationStart < 0) {
      throw new IllegalArgumentException("configurationStart is negative: " + configurationStart);
    }
  }

  Metadata withPromise(Ballot ballot) {
    return new Metadata(
        identity, configuration, previous, configurationStart, ballot, acceptedRound, starts);
  }

  Metadata withAcceptedRound(Ballot ballot) {
    return new Metadata(
        identity, configuration, previous, configurationStart, promise, ballot, starts);
  }

  Metadata withConfiguration(Configuration next, long start, Ballot nextPromise) {
    Ballot initial = Ballot.initial(next.id());
    return new Metadata(identity, next, configuration, start, nextPromise, initial, starts);
  }

  Metadata startedAgain() {
    return new Metadata(
        identity, configuration, previous, configurationStart, promise, acceptedRound, starts + 1);
  }
}
