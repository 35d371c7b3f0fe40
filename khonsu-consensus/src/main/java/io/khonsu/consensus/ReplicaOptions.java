package io.khonsu.consensus;

import java.util.Objects;

/**
 * The settings of a replica. Times are in ticks.
 *
 * @param electionTicks the length of a heartbeat round, 10; longer than any round trip and pause
 * @param resendTicks after how long what may be lost is sent again, 30; more than two round trips
 * @param flushTicks how long proposals wait at most for others to fill a batch, 1
 * @param tellTicks how long what is decided waits at most for entries that it can travel to the
 *     followers with, 0; see {@link Input.TellDecided}
 * @param batchEntries how many proposed entries the leader collects before it appends, 1
 * @param priority decides elections between equal ballots; the highest wins, 0
 * @param limits how much there may be at once
 */
public record ReplicaOptions(
    int electionTicks,
    int resendTicks,
    int flushTicks,
    int tellTicks,
    int batchEntries,
    int priority,
    Limits limits) {
  /** Checks the ranges. */
  public ReplicaOptions {
    positive("electionTicks", electionTicks);
    positive("resendTicks", resendTicks);
    positive("flushTicks", flushTicks);
    positive("batchEntries", batchEntries);
    notNegative("tellTicks", tellTicks);
    notNegative("priority", priority);
    Objects.requireNonNull(limits, "limits");
  }

  /**
   * Limits in bytes of entries, where each entry counts 16 more.
   *
   * @param messageBytesMax how many bytes of entries or of a snapshot a message has at most, 1 MiB;
   *     a larger entry is refused
   * @param windowBytesMax how many bytes of entries may be on their way to one follower, 16 MiB;
   *     beyond, the leader waits for it
   * @param pendingBytesMax how many bytes of proposals wait for a leader or a batch, 64 MiB;
   *     beyond, proposals are rejected
   * @param logBytesMax how many bytes of entries the log has before the leader appends no more
   *     until it was compacted, 1 GiB; at half of it {@link Event.SnapshotWanted} asks for that
   */
  public record Limits(
      int messageBytesMax, int windowBytesMax, int pendingBytesMax, long logBytesMax) {
    /** Checks the ranges. */
    public Limits {
      positive("messageBytesMax", messageBytesMax);
      positive("windowBytesMax", windowBytesMax);
      positive("pendingBytesMax", pendingBytesMax);
      positive("logBytesMax", logBytesMax);
    }
  }

  /** {@return the defaults, which are in the description of each setting} */
  public static ReplicaOptions defaults() {
    return new ReplicaOptions(
        10, 30, 1, 0, 1, 0, new Limits(1 << 20, 16 << 20, 64 << 20, 1L << 30));
  }

  /** {@return these with other timeouts} */
  public ReplicaOptions withTicks(int election, int resend, int flush) {
    return new ReplicaOptions(election, resend, flush, tellTicks, batchEntries, priority, limits);
  }

  /** {@return these with another time until what is decided is told} */
  public ReplicaOptions withTellTicks(int tell) {
    return new ReplicaOptions(
        electionTicks, resendTicks, flushTicks, tell, batchEntries, priority, limits);
  }

  /** {@return these with another batch size} */
  public ReplicaOptions withBatchEntries(int entries) {
    return new ReplicaOptions(
        electionTicks, resendTicks, flushTicks, tellTicks, entries, priority, limits);
  }

  /** {@return these with another priority} */
  public ReplicaOptions withPriority(int newPriority) {
    return new ReplicaOptions(
        electionTicks, resendTicks, flushTicks, tellTicks, batchEntries, newPriority, limits);
  }

  /** {@return these with other limits of messages and what waits} */
  public ReplicaOptions withLimits(int messageBytes, int windowBytes, int pendingBytes) {
    return with(new Limits(messageBytes, windowBytes, pendingBytes, limits.logBytesMax()));
  }

  /** {@return these with another limit of the log} */
  public ReplicaOptions withLogBytesMax(long bytes) {
    return with(
        new Limits(
            limits.messageBytesMax(), limits.windowBytesMax(), limits.pendingBytesMax(), bytes));
  }

  private ReplicaOptions with(Limits newLimits) {
    return new ReplicaOptions(
        electionTicks, resendTicks, flushTicks, tellTicks, batchEntries, priority, newLimits);
  }

  private static void notNegative(String name, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + " must not be negative, but is " + value);
    }
  }

  private static void positive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be positive, but is " + value);
    }
  }
}
