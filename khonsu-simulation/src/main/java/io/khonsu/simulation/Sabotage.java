package io.khonsu.simulation;

/**
 * How to break what surrounds a replica: its driver and its disk. Each of these makes the
 * protocol's promises impossible to keep, so a run that has one must fail.
 */
enum Sabotage {
  /** The disk says that a sync is done and has not done it. */
  LYING_SYNC,
  /** A crash leaves the metadata of a write without its entries. */
  SPLIT_WRITE,
  /** The driver sends at once what it should hold back until the write is durable. */
  EARLY_SEND,
  /** A replica that lost its storage starts again as if it had never had any. */
  AMNESIA,
  /** The driver reports a write as durable when it has been handed to the disk. */
  EARLY_REPORT
}
