package io.khonsu.benchmarks;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The items that one thread's transactions touch, drawn beforehand, so that drawing is not measured
 * and every contender meets the same ones.
 */
final class KeySequence {
  private final int[] items;
  private final int stride;

  /**
   * Draws a sequence.
   *
   * @param transactions how many before it starts again, a power of two
   */
  KeySequence(Load load, int keyCount, int transactions, long seed) {
    this.stride = load.operation().itemCount();
    this.items = new int[transactions * stride];
    SplittableRandom random = new SplittableRandom(seed);
    double[] cumulated = load.skew() == 0 ? new double[0] : cumulated(keyCount, load.skew());
    for (int at = 0; at < items.length; at += stride) {
      draw(load, at, keyCount, cumulated, random);
    }
  }

  /** {@return items, {@link Load.Operation#itemCount} of them from {@link #at} on} */
  int[] items() {
    return items;
  }

  /** {@return where the items of the n-th transaction start} */
  int at(long n) {
    return (int) (n & (items.length / stride - 1)) * stride;
  }

  private void draw(
      Load load, int from, int keyCount, double[] cumulated, SplittableRandom random) {
    switch (load.operation()) {
      case INCREMENT -> items[from] = 0;
      case WRITE_PAIR -> {
        items[from] = random.nextInt(keyCount) & ~1;
        items[from + 1] = items[from] + 1;
      }
      case READ_WRITE, READ -> {
        for (int at = from; at < from + stride; at++) {
          do {
            items[at] = draw(keyCount, cumulated, random);
          } while (isRepeated(from, at));
        }
      }
    }
  }

  private boolean isRepeated(int from, int at) {
    for (int i = from; i < at; i++) {
      if (items[i] == items[at]) {
        return true;
      }
    }
    return false;
  }

  static int draw(int keyCount, double[] cumulated, SplittableRandom random) {
    if (cumulated.length == 0) {
      return random.nextInt(keyCount);
    }
    double drawn = random.nextDouble() * cumulated[keyCount - 1];
    int found = Arrays.binarySearch(cumulated, drawn);
    int rank = found >= 0 ? found : -found - 1;
    // Hot items are not neighbours in memory. The factor is prime, so no two ranks meet.
    return (int) (rank * 1_000_003L % keyCount);
  }

  static double[] cumulated(int keyCount, double skew) {
    double[] sums = new double[keyCount];
    double sum = 0;
    for (int i = 0; i < keyCount; i++) {
      sum += 1 / Math.pow(i + 1, skew);
      sums[i] = sum;
    }
    return sums;
  }
}
