package io.khonsu.simulation;

/**
 * A cluster and its timeouts, in ticks.
 *
 * @param prepareQuorum how many replicas a new leader needs
 * @param acceptQuorum how many replicas decide
 * @param electionTicks how long a round of heartbeats is
 * @param batch how many entries a replica gathers before it writes them
 */
record Shape(
    int replicas,
    int prepareQuorum,
    int acceptQuorum,
    int electionTicks,
    int resendTicks,
    int flushTicks,
    int batch) {
  static Shape of(int replicas) {
    int majority = replicas / 2 + 1;
    return new Shape(replicas, majority, majority, 10, 25, 15, 1);
  }

  Shape withQuorums(int prepare, int accept) {
    return new Shape(replicas, prepare, accept, electionTicks, resendTicks, flushTicks, batch);
  }

  Shape withBatch(int entries) {
    return new Shape(
        replicas, prepareQuorum, acceptQuorum, electionTicks, resendTicks, flushTicks, entries);
  }

  Shape withResendTicks(int ticks) {
    return new Shape(
        replicas, prepareQuorum, acceptQuorum, electionTicks, ticks, flushTicks, batch);
  }
}
