package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import org.jspecify.annotations.Nullable;

/** Lets the leader say from time to time what may be forgotten. Event loop only. */
final class Upkeep {
  /*
   * How old a version is, each node has seen for itself. The time in a version comes from the clock
   * of whoever led. Were ages worked out from that, a clock that is set forward would make all that
   * is open too old at once; and after one was set back nothing would grow old, and history would
   * gather, until it shows the time again that it had shown.
   */
  private final ClusterConfig config;
  private final GroupState state;
  private final ReplicatedStore store;
  private final AgedVersion snapshots;
  private final AgedVersion history;
  private final AgedVersion sessions;
  private long lastNanos;
  private boolean isFirst = true;

  Upkeep(ClusterConfig config, GroupState state, ReplicatedStore store) {
    this.config = config;
    this.state = state;
    this.store = store;
    this.snapshots = new AgedVersion(config.times().snapshotAge().toNanos());
    this.history =
        new AgedVersion(Math.min(config.limits().historyBytesMax(), store.memoryReserveBytes()));
    this.sessions = new AgedVersion(config.times().sessionAge().toNanos());
  }

  /** Notes how far this node has come, whether it leads or not. */
  void tick(long nanos) {
    snapshots.note(nanos, state.clock());
    history.note(state.writtenBytes(), state.clock());
    sessions.note(nanos, state.clock());
  }

  /** {@return what the leader is to propose now, at a version it has drawn, or null} */
  LogEntry.@Nullable Tick due(long nanos, long version) {
    if (!isFirst && nanos - lastNanos < config.times().upkeep().toNanos()) {
      return null;
    }
    isFirst = false;
    lastNanos = nanos;
    long watermark = Math.max(snapshots.get(), history.get());
    long expireBefore = sessions.get();
    boolean forgetsHistory = store.watermark() < Math.min(watermark, store.newestVersion());
    boolean endsSessions = state.sessions().oldestUse() < expireBefore;
    return forgetsHistory || endsSessions
        ? new LogEntry.Tick(config.group(), version, watermark, expireBefore)
        : null;
  }
}
