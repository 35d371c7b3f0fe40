package io.khonsu.simulation;

/** What clients and operators do in a run, beside proposing entries. */
enum Activity {
  /** Reads that must be linearizable. */
  READS,
  /** The log's start is dropped. */
  TRIM,
  /** The log's start is replaced by a snapshot. */
  SNAPSHOTS,
  /** One stop-sign in the middle of the run; its configuration is not started. */
  STOP_SIGN,
  /** Replicas are added, removed and replaced, one configuration after the other. */
  RECONFIGURATION,
  /** Operators make replicas take over and change priorities. */
  TAKEOVERS
}
