package io.khonsu.simulation;

/**
 * How much there may be at once, in bytes.
 *
 * @param messageBytesMax in one message
 * @param windowBytesMax on its way to one follower
 * @param pendingBytesMax waiting at one replica
 * @param logBytesMax in the log of one replica
 * @param entryBytesMax in one entry that a client proposes
 */
record Limits(
    int messageBytesMax,
    int windowBytesMax,
    int pendingBytesMax,
    int logBytesMax,
    int entryBytesMax) {
  static final Limits WIDE = new Limits(1 << 20, 16 << 20, 64 << 20, 1 << 30, 8);

  /** So little that every transfer needs many messages, and queues are often full. */
  static final Limits NARROW = new Limits(512, 2048, 4096, 40_000, 100);
}
