package io.khonsu.consensus;

/**
 * How many replicas must agree, the leader included. Any two quorums of the two kinds must meet, so
 * the sizes add up to more than the number of members.
 *
 * @param prepare how many must promise before a ballot leads
 * @param accept how many must have accepted an entry before it is decided
 */
public record Quorums(int prepare, int accept) {
  /** Checks the ranges. */
  public Quorums {
    if (prepare < 1 || accept < 1) {
      throw new IllegalArgumentException(
          "quorum sizes must be positive, but are " + prepare + " and " + accept);
    }
  }

  /** {@return majorities of {@code members} replicas for both} */
  public static Quorums majority(int members) {
    int majority = members / 2 + 1;
    return new Quorums(majority, majority);
  }
}
