package io.khonsu.benchmarks;

/** What was measured of one peer under one load. */
final class ClusterMeasurement extends Rounds {
  private final ClusterPeer peer;
  private final ClusterLoad.Setting setting;

  ClusterMeasurement(ClusterPeer peer, ClusterLoad.Setting setting) {
    this.peer = peer;
    this.setting = setting;
  }

  ClusterPeer peer() {
    return peer;
  }

  ClusterLoad.Setting setting() {
    return setting;
  }

  double megabytesPerSecond() {
    return medianPerSecond() * setting.valueBytes() / 1e6;
  }
}
