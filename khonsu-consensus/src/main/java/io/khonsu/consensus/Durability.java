package io.khonsu.consensus;

/** Whether a write must survive a power failure before others may hear of it. */
public enum Durability {
  /** It must be forced to the medium before it is reported as persisted. */
  SYNC,
  /** It may be lost, together with every write after it, never alone. */
  LAZY
}
