package io.khonsu;

/**
 * How often compaction looks for very short runs while there are commits, as long as there is
 * memory enough: every second where scans gain from that, else ever less often, as moved rows that
 * nobody scans soon lie apart again. Not thread-safe.
 */
final class LookPace {
  /** A look that moves less than this part of the rows that it goes through was not worth it. */
  private static final int VISITS_PER_GAIN = 8;

  /** So many seconds pass at most without a look. */
  static final int SECONDS_SKIPPED_MAX = 15;

  private boolean wasScanned;
  private boolean foundMuch;
  private int secondsSkipped;
  private int secondsToSkip;

  /**
   * {@return whether to look now} Asked once a second.
   *
   * @param wereScans whether anybody has scanned since it was asked before
   */
  boolean isDue(boolean wereScans) {
    wasScanned |= wereScans;
    if (secondsToSkip == 0 || (wasScanned && foundMuch)) {
      return true;
    }
    secondsToSkip--;
    return false;
  }

  /** Notes what a look came to: through how many rows it went, and how many it has moved. */
  void looked(long visited, long moved) {
    foundMuch = moved * VISITS_PER_GAIN >= visited;
    boolean wasWorthIt = foundMuch && wasScanned;
    wasScanned = false;
    secondsSkipped = wasWorthIt ? 0 : Math.min(2 * secondsSkipped + 1, SECONDS_SKIPPED_MAX);
    secondsToSkip = secondsSkipped;
  }
}
