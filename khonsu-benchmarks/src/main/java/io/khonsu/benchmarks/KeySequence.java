package io.khonsu.benchmarks;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The transactions of one thread, drawn beforehand, so that drawing is not measured and every
 * contender meets the same ones.
 */
final class KeySequence {
  private static final int OPERATIONS = 4;
  private static final int READS = 10;

  /** One header and the most items of a transaction. */
  private static final int STRIDE_MAX = 1 + READS;

  private static final int SCANNED_ROWS = 10_000;
  private static final int HOT_CUSTOMERS = 100;

  private final Load load;
  private final int keyCount;
  private final int spare;
  private final Zipf zipf;
  private final SplittableRandom random;
  private final int[] drawn;
  private final int stride;

  /** Where the transaction that is being drawn has its header. */
  private int at;

  /** YCSB D: the spare items in the order in which they were inserted. */
  private final int[] inserted;

  private int insertedCount;

  /**
   * Draws a sequence.
   *
   * @param transactions how many before it starts again, a power of two
   */
  KeySequence(Load load, Load.Part part, int keyCount, int transactions, long seed) {
    this.load = load;
    this.keyCount = keyCount;
    this.spare = load.spare(keyCount);
    this.zipf = new Zipf(keyCount, load.skew());
    this.random = new SplittableRandom(seed);
    this.stride = load == Load.RO10 ? STRIDE_MAX : 1 + OPERATIONS;
    this.drawn = new int[transactions * stride];
    this.inserted = new int[load == Load.YCSB_D ? transactions * OPERATIONS : 0];
    for (at = 0; at < drawn.length; at += stride) {
      draw(part);
    }
  }

  /** {@return a task for this sequence's transactions} */
  Task newTask() {
    return new Task(drawn);
  }

  /** {@return where the n-th transaction is for {@link Task#load}} */
  int at(long n) {
    return (int) (n & (drawn.length / stride - 1)) * stride;
  }

  private void draw(Load.Part part) {
    switch (load) {
      case RW_UNIFORM, RW_ZIPF -> {
        drawDistinct(0, OPERATIONS);
        finish(Shape.READ_WRITE, 2, OPERATIONS);
      }
      case RO10 -> {
        drawDistinct(0, READS);
        finish(Shape.READ, 0, READS);
      }
      case HOT -> finish(Shape.INCREMENT, 1, 1);
      case HOT_ADD -> finish(Shape.ADD, 1, 1);
      case BLIND -> {
        int first = random.nextInt(keyCount) & ~1;
        put(first, first + 1);
        finish(Shape.WRITE_PAIR, 2, 2);
      }
      case SCAN -> drawScanOrTransfer(part);
      case SMALLBANK -> drawBanking();
      case YCSB_A, YCSB_B, YCSB_C, YCSB_D, YCSB_E, YCSB_F -> drawYcsb();
    }
  }

  /** Both sides of a transfer are scanned, or none: every scan finds the same sum. */
  private void drawScanOrTransfer(Load.Part part) {
    int scanned = Math.min(keyCount, SCANNED_ROWS);
    if (part == Load.Part.SCANS) {
      put(scanned);
      finish(Shape.SCAN, 0, 1);
      return;
    }
    do {
      drawDistinct(0, 2);
    } while ((drawn[at + 1] < scanned) != (drawn[at + 2] < scanned));
    finish(Shape.TRANSFER, 2, 2);
  }

  /** H-Store's frequencies. */
  private void drawBanking() {
    int customers = keyCount / 2;
    int reach = random.nextInt(10) == 0 ? customers : Math.min(customers, HOT_CUSTOMERS);
    int one = 2 * random.nextInt(reach);
    int other = 2 * ((one / 2 + 1 + random.nextInt(reach - 1)) % reach);
    int type = random.nextInt(100);
    if (type < 15) {
      put(one, one + 1);
      finish(Shape.BALANCE, 0, 2);
    } else if (type < 30) {
      put(one + 1);
      finish(Shape.DEPOSIT_CHECKING, 1, 1);
    } else if (type < 45) {
      put(one);
      finish(Shape.TRANSACT_SAVINGS, 1, 1);
    } else if (type < 60) {
      put(one, one + 1, other + 1);
      finish(Shape.AMALGAMATE, 3, 3);
    } else if (type < 75) {
      put(one + 1, one);
      finish(Shape.WRITE_CHECK, 1, 2);
    } else {
      put(one + 1, other + 1);
      finish(Shape.SEND_PAYMENT, 2, 2);
    }
  }

  private void drawYcsb() {
    int writePercent =
        switch (load) {
          case YCSB_A, YCSB_F -> 50;
          case YCSB_B, YCSB_D, YCSB_E -> 5;
          default -> 0;
        };
    int writes = 0;
    for (int i = 0; i < OPERATIONS; i++) {
      writes += random.nextInt(100) < writePercent ? 1 : 0;
    }
    if (spare > 0) {
      drawSpare(writes);
    }
    drawDistinct(spare > 0 ? writes : 0, OPERATIONS);
    Shape writing =
        switch (load) {
          case YCSB_D -> Shape.INSERT;
          case YCSB_E -> Shape.SCAN_AND_INSERT;
          case YCSB_F -> Shape.MODIFY;
          default -> Shape.UPDATE;
        };
    finish(load == Load.YCSB_C ? Shape.READ : writing, writes, OPERATIONS);
  }

  private void drawSpare(int writes) {
    for (int i = 1; i <= writes; i++) {
      do {
        drawn[at + i] = keyCount + random.nextInt(spare);
      } while (isRepeated(at + 1, at + i));
      if (load == Load.YCSB_D) {
        inserted[insertedCount++] = drawn[at + i];
      }
    }
  }

  private void put(int... items) {
    System.arraycopy(items, 0, drawn, at + 1, items.length);
  }

  /**
   * Writes the header. Items that are written without a look come in ascending order, so that who
   * locks them as they come never waits in a circle.
   */
  private void finish(Shape shape, int writes, int count) {
    drawn[at] = Task.header(shape, writes, count);
    if (shape.reading() == Shape.Reading.OTHERS || spare > 0) {
      Arrays.sort(drawn, at + 1, at + 1 + writes);
    }
  }

  private void drawDistinct(int from, int to) {
    for (int i = at + 1 + from; i < at + 1 + to; i++) {
      do {
        drawn[i] = drawItem();
      } while (isRepeated(at + 1, i));
    }
  }

  private boolean isRepeated(int from, int index) {
    for (int i = from; i < index; i++) {
      if (drawn[i] == drawn[index]) {
        return true;
      }
    }
    return false;
  }

  private int drawItem() {
    int rank = zipf.rank(random);
    if (load == Load.YCSB_D) {
      return rank < insertedCount ? inserted[insertedCount - 1 - rank] : keyCount - 1 - rank;
    }
    int item = zipf.item(rank);
    // A scan never meets the end.
    return load == Load.YCSB_E ? Math.min(item, keyCount - Shape.SCAN_ROWS_MAX) : item;
  }
}
