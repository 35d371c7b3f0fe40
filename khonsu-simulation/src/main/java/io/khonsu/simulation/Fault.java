package io.khonsu.simulation;

/** What goes wrong in a run, beside what {@link NetworkFaults} says. */
enum Fault {
  /** Links are cut, both ways, in random topologies. */
  PARTITIONS,
  /** Links are cut in one direction. */
  ONE_WAY_CUTS,
  /** Not a fault, but how cuts are: nodes know which of their own links are cut. */
  KNOWN_CUTS,
  /** Replicas crash, also while they write, and come back. */
  CRASHES,
  /** All replicas crash at the same moment. */
  POWER_LOSS,
  /** Replicas stop for a while and go on as if nothing had been; messages wait for them. */
  PAUSES,
  /** Clocks go up to 20 % too fast or too slow. */
  DRIFT,
  /** Writes take up to many ticks. */
  SLOW_DISK,
  /** A sync fails: the replica stops; what it wrote may be there or not. */
  FAILED_SYNC,
  /** A replica loses its storage. */
  DISK_LOSS
}
