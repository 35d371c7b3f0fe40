package io.khonsu.benchmarks;

import java.util.StringJoiner;

/** Counts of durations, in nanoseconds, in buckets that are a sixteenth of their value wide. */
final class Histogram {
  private static final int SUB_BITS = 4;
  private static final int SUB_COUNT = 1 << SUB_BITS;

  private final long[] counts = new long[(Long.SIZE - SUB_BITS) * SUB_COUNT];
  private long total;

  void record(long nanos) {
    counts[bucketOf(Math.max(0, nanos))]++;
    total++;
  }

  void add(Histogram other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    total += other.total;
  }

  /** {@return the duration that a fraction of all did not exceed, or 0 if there is none} */
  long quantile(double fraction) {
    long wanted = (long) Math.ceil(fraction * total);
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= wanted && seen > 0) {
        return middleOf(i);
      }
    }
    return 0;
  }

  /** {@return one line that {@link #parse} reads} */
  String text() {
    StringJoiner line = new StringJoiner(",");
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        line.add(i + ":" + counts[i]);
      }
    }
    return line.toString();
  }

  /** {@return what {@link #text} wrote} */
  static Histogram parse(String text) {
    Histogram read = new Histogram();
    for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
      int colon = part.indexOf(':');
      long count = Long.parseLong(part.substring(colon + 1));
      read.counts[Integer.parseInt(part.substring(0, colon))] = count;
      read.total += count;
    }
    return read;
  }

  private static int bucketOf(long nanos) {
    int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos | SUB_COUNT) - SUB_BITS;
    return exponent * SUB_COUNT + (int) (nanos >>> exponent);
  }

  private static long middleOf(int bucket) {
    if (bucket < 2 * SUB_COUNT) {
      return bucket;
    }
    int exponent = bucket / SUB_COUNT - 1;
    long low = (long) (SUB_COUNT + bucket % SUB_COUNT) << exponent;
    return low + (1L << exponent) / 2;
  }
}
