package io.khonsu;

import io.khonsu.mvcc.VersionSource;

/** Draws versions from a clock, but while commits are replayed gives each the one it had. */
final class ReplayedVersions implements VersionSource {
  private static final long NONE = 0;

  private final VersionSource clock;
  private long forced = NONE;

  ReplayedVersions(VersionSource clock) {
    this.clock = clock;
  }

  void force(long version) {
    forced = version;
  }

  void release() {
    forced = NONE;
  }

  @Override
  public long next(long previous) {
    return forced == NONE ? clock.next(previous) : forced;
  }
}
