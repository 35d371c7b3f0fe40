package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What the transactions of an abort simulation do.
 *
 * @param id the name in reports
 * @param reads items read
 * @param writes items written
 * @param blind whether other items are written than are read
 * @param skew exponent of the Zipf distribution of items; 0 for a uniform one
 * @param readersPercent how many of the transactions only read
 */
record AbortLoad(String id, int reads, int writes, boolean blind, double skew, int readersPercent) {
  private static final double ZIPF = 0.99;

  /** The loads, and with how many open transactions each is run. */
  static final List<AbortLoad> ALL =
      List.of(
          new AbortLoad("2r2w blind, uniform", 2, 2, true, 0, 0),
          new AbortLoad("2r2w blind, zipf", 2, 2, true, ZIPF, 0),
          new AbortLoad("2r2 rmw, zipf", 2, 2, false, ZIPF, 0),
          new AbortLoad("10r2w blind, zipf", 10, 2, true, ZIPF, 0),
          new AbortLoad("10r2 rmw, uniform", 10, 2, false, 0, 0),
          new AbortLoad("10r2 rmw, zipf", 10, 2, false, ZIPF, 0),
          new AbortLoad("50r2 rmw, uniform", 50, 2, false, 0, 0),
          new AbortLoad("50r2 rmw, zipf", 50, 2, false, ZIPF, 0),
          new AbortLoad("10r2 rmw + 50 % read-only, zipf", 10, 2, false, ZIPF, 50));

  /**
   * What one transaction does, in this order: it reads, then it writes.
   *
   * @param reads distinct items
   * @param writes distinct items
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Program(int[] reads, int[] writes) {
    boolean isReader() {
      return writes.length == 0;
    }
  }

  /** {@return a source of programs over items 0 to {@code items} - 1} */
  Source source(int items, long seed) {
    return new Source(this, items, seed);
  }

  /** Draws programs. */
  static final class Source {
    private final AbortLoad load;
    private final SplittableRandom random;
    private final Zipf zipf;

    private Source(AbortLoad load, int items, long seed) {
      this.load = load;
      this.random = new SplittableRandom(seed);
      this.zipf = new Zipf(items, load.skew);
    }

    Program next() {
      List<Integer> drawn = new ArrayList<>();
      int count = load.reads + (load.blind ? load.writes : 0);
      while (drawn.size() < count) {
        int item = zipf.item(zipf.rank(random));
        if (!drawn.contains(item)) {
          drawn.add(item);
        }
      }
      int[] all = drawn.stream().mapToInt(Integer::intValue).toArray();
      int[] reads = Arrays.copyOf(all, load.reads);
      boolean isReader = random.nextInt(100) < load.readersPercent;
      return new Program(
          reads, isReader ? new int[0] : Arrays.copyOfRange(all, count - load.writes, count));
    }
  }
}
