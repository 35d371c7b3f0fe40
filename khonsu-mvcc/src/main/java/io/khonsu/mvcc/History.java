package io.khonsu.mvcc;

import java.util.Arrays;

/**
 * How much the history weighs that began at a version: about the bytes of what was overwritten
 * since. Totals are remembered for versions that lie about a 256th of the limit apart. Commit
 * section only.
 */
final class History {
  /** What a version and its place in the list of commits take on the heap, about. */
  static final int VERSION_BYTES = 80;

  private static final int STEPS = 256;
  private static final int SAMPLES = 4 * STEPS;

  private final long limitBytes;
  private final long stepBytes;
  private long[] versions = new long[SAMPLES];
  private long[] totals = new long[SAMPLES];
  private int count;
  private long totalBytes;

  /** Weighs histories that are allowed to have up to so many bytes. */
  History(long limitBytes) {
    this.limitBytes = limitBytes;
    this.stepBytes = Math.max(1, limitBytes / STEPS);
  }

  /** Adds to what the commits so far weigh. */
  void add(long sizeBytes) {
    totalBytes += sizeBytes;
  }

  /** Remembers the total up to a version, which never goes back. */
  void note(long version) {
    boolean isNew = count == 0 || version > versions[count - 1];
    if (isNew && (count == 0 || totalBytes - totals[count - 1] >= stepBytes)) {
      if (count == SAMPLES) {
        forgetOldest(SAMPLES / 4);
      }
      versions[count] = version;
      totals[count++] = totalBytes;
    }
  }

  /** {@return the oldest version whose history is within the limit, or 0 if all are} */
  long oldestWithin() {
    int first = 0;
    while (first < count && totalBytes - totals[first] > limitBytes) {
      first++;
    }
    if (first == 0) {
      return 0;
    }
    long oldest = versions[Math.min(first, count - 1)];
    forgetOldest(Math.min(first, count - 1));
    return oldest;
  }

  /** {@return about how much the history since a version weighs, rather too little} */
  long since(long version) {
    int found = Arrays.binarySearch(versions, 0, count, version);
    int at = found >= 0 ? found : -found - 1;
    return at == count ? 0 : totalBytes - totals[at];
  }

  private void forgetOldest(int forgotten) {
    System.arraycopy(versions, forgotten, versions, 0, count - forgotten);
    System.arraycopy(totals, forgotten, totals, 0, count - forgotten);
    count -= forgotten;
  }
}
