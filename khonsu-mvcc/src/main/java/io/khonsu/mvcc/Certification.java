package io.khonsu.mvcc;

/** How the SERIALIZABLE transactions of a {@link TxnBuffer} are certified. */
public enum Certification {
  /**
   * Optimistic read validation: what was read is unchanged at commit, so the order of commits is
   * the serial order. Costs the least, and opening a snapshot to read never waits for anything.
   */
  OCC,
  /**
   * Serial Safety Net: a transaction whose reads have become stale may still commit if it can come
   * before those that overwrote them. Long transactions that read much and write little abort less.
   * There is still a serial order that respects real time, but it is not the order of commits. See
   * {@link SerialSafetyNet}.
   */
  SSN
}
