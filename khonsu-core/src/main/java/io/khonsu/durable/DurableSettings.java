package io.khonsu.durable;

import io.khonsu.Durability;
import java.util.Objects;

/**
 * How a {@link DurableStorage} works.
 *
 * @param durability when a commit returns
 * @param log where commits are logged, in a store that is being created; an existing one has its
 *     own
 * @param logSizeMaxBytes how much may be logged and not yet safe in the state before commits wait;
 *     at least 1 MiB
 * @param heldLogMaxBytes how large the log may grow for {@link LogHold}s before they are broken
 * @param segmentBytes the size of a segment of {@link LogKind#SEGMENTS}; from 4 KiB to less than 2
 *     GiB
 * @param diskReserveBytes how much space must be left on the disk for a commit to be accepted
 */
public record DurableSettings(
    Durability durability,
    LogKind log,
    long logSizeMaxBytes,
    long heldLogMaxBytes,
    long segmentBytes,
    long diskReserveBytes) {
  /** Checks the settings. */
  public DurableSettings {
    Objects.requireNonNull(durability, "durability");
    Objects.requireNonNull(log, "log");
    check("logSizeMaxBytes", logSizeMaxBytes, 1 << 20);
    check("heldLogMaxBytes", heldLogMaxBytes, 0);
    check("segmentBytes", segmentBytes, 4 << 10);
    if (segmentBytes > SegmentLog.SEGMENT_MAX_BYTES) {
      throw new IllegalArgumentException(
          "segmentBytes must be at most %d, but is %d"
              .formatted(SegmentLog.SEGMENT_MAX_BYTES, segmentBytes));
    }
    check("diskReserveBytes", diskReserveBytes, 0);
  }

  private static void check(String setting, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s must be at least %d, but is %d".formatted(setting, least, value));
    }
  }

  /** {@return settings that are all defaults} */
  public static DurableSettings defaults() {
    return new DurableSettings(
        Durability.SYNC,
        LogKind.ENGINE,
        512L << 20,
        4L << 30,
        SegmentLog.SEGMENT_BYTES,
        256L << 20);
  }

  /** {@return these settings with another durability} */
  public DurableSettings withDurability(Durability other) {
    return new DurableSettings(
        other, log, logSizeMaxBytes, heldLogMaxBytes, segmentBytes, diskReserveBytes);
  }

  /** {@return these settings with another kind of log} */
  public DurableSettings withLog(LogKind other) {
    return new DurableSettings(
        durability, other, logSizeMaxBytes, heldLogMaxBytes, segmentBytes, diskReserveBytes);
  }

  /** {@return these settings with another limit of the log} */
  public DurableSettings withLogSizeMaxBytes(long other) {
    return new DurableSettings(
        durability, log, other, heldLogMaxBytes, segmentBytes, diskReserveBytes);
  }

  /** {@return these settings with another size of segments} */
  public DurableSettings withSegmentBytes(long other) {
    return new DurableSettings(
        durability, log, logSizeMaxBytes, heldLogMaxBytes, other, diskReserveBytes);
  }

  /** {@return these settings with another reserve of disk space} */
  public DurableSettings withDiskReserveBytes(long other) {
    return new DurableSettings(
        durability, log, logSizeMaxBytes, heldLogMaxBytes, segmentBytes, other);
  }

  /** {@return these settings with another limit of what holds may keep} */
  public DurableSettings withHeldLogMaxBytes(long other) {
    return new DurableSettings(
        durability, log, logSizeMaxBytes, other, segmentBytes, diskReserveBytes);
  }
}
