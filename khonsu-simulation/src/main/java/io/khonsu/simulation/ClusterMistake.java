package io.khonsu.simulation;

/** A mistake around whole nodes that a run makes on purpose. */
enum ClusterMistake {
  /** What transactions read is not compared with what came since. */
  READS_NOT_CERTIFIED,
  /** A sync says that it has forced what it has not. */
  LYING_DISK
}
