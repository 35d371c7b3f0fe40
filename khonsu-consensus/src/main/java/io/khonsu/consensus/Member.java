package io.khonsu.consensus;

/**
 * A replica's identity within a cluster. A node that lost its storage lost its promises, so it
 * comes back under a new incarnation, and votes only once a reconfiguration has listed it.
 *
 * @param node the node's number, positive
 * @param incarnation which of the node's storages this is; a fresh storage needs a fresh number
 */
public record Member(long node, long incarnation) implements Comparable<Member> {
  /** Checks the ranges. */
  public Member {
    if (node <= 0 || incarnation < 0) {
      throw new IllegalArgumentException(
          "node must be positive and incarnation not negative, but they are "
              + node
              + " and "
              + incarnation);
    }
  }

  @Override
  public int compareTo(Member other) {
    int order = Long.compare(node, other.node);
    return order == 0 ? Long.compare(incarnation, other.incarnation) : order;
  }

  @Override
  public String toString() {
    return incarnation == 0 ? Long.toString(node) : node + "/" + incarnation;
  }
}
