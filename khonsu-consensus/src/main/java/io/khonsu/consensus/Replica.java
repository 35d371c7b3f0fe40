package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.List;
import java.util.Set;

/**
 * One replica of an OmniPaxos cluster, as a state machine: {@link #step} takes what happened and
 * returns what to do. It reads no clock, starts no thread, does no I/O; equal replicas given equal
 * inputs return equal outputs. Confined to one thread at a time.
 */
public final class Replica {
  private final Identity identity;
  private final Set<Deviation> deviations;

  private Replica(Identity identity, Set<Deviation> deviations) {
    this.identity = identity;
    this.deviations = Set.copyOf(deviations);
  }

  /**
   * Creates a member of a new cluster, with an empty log.
   *
   * @throws IllegalArgumentException if {@code configuration} does not list the member
   */
  public static Replica bootstrap(
      Identity identity, Configuration configuration, ReplicaOptions options) {
    return bootstrap(identity, configuration, options, Set.of());
  }

  /** As {@link #bootstrap(Identity, Configuration, ReplicaOptions)}, broken on purpose. */
  public static Replica bootstrap(
      Identity identity,
      Configuration configuration,
      ReplicaOptions options,
      Set<Deviation> deviations) {
    return new Replica(identity, deviations);
  }

  /** Creates a replica that has nothing and waits until a configuration lists it. */
  public static Replica joining(Identity identity, ReplicaOptions options) {
    return joining(identity, options, Set.of());
  }

  /** As {@link #joining(Identity, ReplicaOptions)}, broken on purpose. */
  public static Replica joining(
      Identity identity, ReplicaOptions options, Set<Deviation> deviations) {
    return new Replica(identity, deviations);
  }

  /** Creates a replica from what its storage holds after a restart. */
  public static Replica recover(DurableState state, ReplicaOptions options) {
    return recover(state, options, Set.of());
  }

  /** As {@link #recover(DurableState, ReplicaOptions)}, broken on purpose. */
  public static Replica recover(
      DurableState state, ReplicaOptions options, Set<Deviation> deviations) {
    return new Replica(state.metadata().identity(), deviations);
  }

  /**
   * Begins. Call it once, before the first step.
   *
   * @return what to do first; as after a step
   */
  public Output start() {
    return Output.NOTHING;
  }

  /**
   * Takes an input.
   *
   * @return what to do, in the order that {@link Output} describes
   * @throws IllegalStateException if the replica was not started
   */
  public Output step(Input input) {
    return Output.NOTHING;
  }

  /** {@return how many entries are decided} */
  public long decidedIndex() {
    return 0;
  }

  /** {@return how many entries are accepted} */
  public long acceptedIndex() {
    return 0;
  }

  /** {@return the index of the first entry kept} */
  public long compactedIndex() {
    return 0;
  }

  /**
   * {@return the entries from {@code from} to {@code to}, that excluded, decided or not}
   *
   * @throws IndexOutOfBoundsException if some are compacted or not there yet
   */
  public List<Entries> read(long from, long to) {
    return List.of();
  }

  /** {@return the state at this moment} */
  public ReplicaView view() {
    if (deviations.isEmpty()) {
      throw new IllegalStateException("not started: " + identity);
    }
    throw new IllegalStateException("not started, and broken on purpose: " + deviations);
  }
}
