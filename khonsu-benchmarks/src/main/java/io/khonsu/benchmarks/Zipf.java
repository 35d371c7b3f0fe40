package io.khonsu.benchmarks;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Draws items so that their frequencies follow Zipf's law; without skew all are as frequent. */
final class Zipf {
  private final int count;

  /** Of each rank the frequency of it and all before it; empty without skew. */
  private final double[] cumulated;

  Zipf(int count, double skew) {
    this.count = count;
    this.cumulated = new double[skew == 0 ? 0 : count];
    double sum = 0;
    for (int i = 0; i < cumulated.length; i++) {
      sum += 1 / Math.pow(i + 1, skew);
      cumulated[i] = sum;
    }
  }

  /** {@return a rank from 0, that of the most frequent item, on} */
  int rank(SplittableRandom random) {
    if (cumulated.length == 0) {
      return random.nextInt(count);
    }
    int found = Arrays.binarySearch(cumulated, random.nextDouble() * cumulated[count - 1]);
    return found >= 0 ? found : -found - 1;
  }

  /** {@return the item that has a rank} Hot items are not neighbours in memory. */
  int item(int rank) {
    // The factor is prime, so no two ranks meet.
    return cumulated.length == 0 ? rank : (int) (rank * 1_000_003L % count);
  }
}
