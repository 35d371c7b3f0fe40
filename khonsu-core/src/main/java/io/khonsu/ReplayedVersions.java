package io.khonsu;

import io.khonsu.mvcc.VersionSource;

/**
 * Draws versions from a clock, but while commits are replayed gives each the one it had. Those
 * drawn afterwards are greater than all of these, also than one whose commit had nothing left to
 * change.
 */
final class ReplayedVersions implements VersionSource {
  private static final long NONE = 0;

  private final VersionSource clock;
  private long forced = NONE;
  private long newestReplayed;

  ReplayedVersions(VersionSource clock) {
    this.clock = clock;
  }

  void force(long version) {
    forced = version;
    newestReplayed = version;
  }

  void release() {
    forced = NONE;
  }

  @Override
  public long next(long previous) {
    return forced == NONE ? clock.next(Math.max(previous, newestReplayed)) : forced;
  }
}
