package io.khonsu.consensus;

/**
 * Identifies a log by how it came about.
 *
 * @param round the ballot in which it was accepted
 * @param length how many entries it had
 */
record LogBase(Ballot round, long length) {
  /** {@return whether it is more recent than {@code other}: from a higher ballot, or longer} */
  boolean isNewerThan(LogBase other) {
    int order = round.compareTo(other.round);
    return order > 0 || (order == 0 && length > other.length);
  }
}
