package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import org.jspecify.annotations.Nullable;

/** Lets the leader say from time to time what may be forgotten. Event loop only. */
final class Upkeep {
  private final ClusterConfig config;
  private final GroupState state;
  private final ReplicatedStore store;
  private long lastNanos;
  private boolean isFirst = true;

  Upkeep(ClusterConfig config, GroupState state, ReplicatedStore store) {
    this.config = config;
    this.state = state;
    this.store = store;
  }

  /** {@return what the leader is to propose now, at a version it has drawn, or null} */
  LogEntry.@Nullable Tick due(long nanos, long version) {
    if (!isFirst && nanos - lastNanos < config.times().upkeep().toNanos()) {
      return null;
    }
    isFirst = false;
    lastNanos = nanos;
    long watermark = version - Versions.firstOf(config.times().snapshotAge().toMillis());
    long expireBefore = version - Versions.firstOf(config.times().sessionAge().toMillis());
    boolean forgetsHistory = store.watermark() < Math.min(watermark, store.newestVersion());
    boolean endsSessions = state.sessions().oldestUse() < expireBefore;
    return forgetsHistory || endsSessions
        ? new LogEntry.Tick(config.group(), version, watermark, expireBefore)
        : null;
  }
}
