package io.khonsu.consensus;

import java.util.Objects;

/**
 * The number of an attempt to lead. Ballots are ordered by configuration, number, priority and
 * node; no two attempts share one.
 *
 * @param configuration the id of the configuration that is to be led
 * @param number how many attempts came before, roughly
 * @param priority decides between equal numbers
 * @param node who wants to lead, or 0 in the ballot that begins a configuration
 */
public record Ballot(long configuration, long number, int priority, long node)
    implements Comparable<Ballot> {
  /** Lower than every other ballot: nothing was promised yet. */
  public static final Ballot NONE = new Ballot(0, 0, 0, 0);

  /** Checks the ranges. */
  public Ballot {
    if (configuration < 0 || number < 0 || node < 0) {
      throw new IllegalArgumentException(
          "a ballot's parts must not be negative: " + configuration + ", " + number + ", " + node);
    }
  }

  /** {@return the ballot in which a configuration's replicas hold what earlier ones decided} */
  static Ballot initial(long configuration) {
    return new Ballot(configuration, 0, 0, 0);
  }

  @Override
  public int compareTo(Ballot other) {
    Objects.requireNonNull(other, "other");
    int order = Long.compare(configuration, other.configuration);
    if (order == 0) {
      order = Long.compare(number, other.number);
    }
    if (order == 0) {
      order = Integer.compare(priority, other.priority);
    }
    return order == 0 ? Long.compare(node, other.node) : order;
  }

  /** {@return whether this ballot is higher than {@code other}} */
  public boolean isAbove(Ballot other) {
    return compareTo(other) > 0;
  }

  /** {@return whether some node leads by this ballot, which is not so for a beginning} */
  public boolean hasLeader() {
    return node != 0;
  }

  @Override
  public String toString() {
    return configuration + "." + number + "." + priority + "@" + node;
  }
}
