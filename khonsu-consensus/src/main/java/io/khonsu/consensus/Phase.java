package io.khonsu.consensus;

/** Where a replica is in its protocol. */
public enum Phase {
  /** Nothing was promised yet. */
  NONE,
  /** Promises are given or collected, and logs synchronized. */
  PREPARE,
  /** Entries are accepted. */
  ACCEPT,
  /** It restarted or missed something, and asks to be prepared again. */
  RECOVER,
  /** Its storage failed, or a step did: it does nothing. */
  FAILED
}
