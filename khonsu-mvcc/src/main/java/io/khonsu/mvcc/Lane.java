package io.khonsu.mvcc;

/**
 * What the commits of some threads leave for the {@link Collector}: the chains whose older versions
 * will be garbage, and how many versions there are. A thread uses one lane as long as it keeps its
 * snapshot slot, so what it installs is collected while it is in the cache of that core. Written
 * inside the commit section.
 *
 * @param <V> the type of values
 */
final class Lane<V> extends OverwrittenQueue<V> {
  /** Versions installed less those unlinked; negative where others' were unlinked. */
  long liveVersions;

  /** How much work the commits since the last work ask for. */
  int due;

  /** The round of work in which this lane was last worked on. */
  long round;

  @SuppressWarnings("UnusedVariable") // distance to the next lane
  private long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15;
}
